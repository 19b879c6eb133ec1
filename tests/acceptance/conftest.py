"""The real `watcher run` against the local endpoint, over real sockets."""

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.request import urlopen

import pytest

from tests.support import watcher_process
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.simulator import Simulator
from watcher.simulator.calls import CallRecord
from watcher.util.clock import SystemClock

PATIENCE = 60.0
"""Seconds after which a process that has not done what is waited for has failed the test."""


def put_on_queue(folder: Path, *session_ids: str) -> None:
    """Messages as `watcher enqueue` sends them, without the half second of CPU time that its process takes."""
    with closing(SqliteQueue(folder / "watcher.db", 60.0, SystemClock())) as queue:
        queue.send([json.dumps({"sessionId": session_id}) for session_id in session_ids])


class Daemon:
    """A spawned `watcher run`, its log lines as they come and its decisions."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.log: list[dict[str, Any]] = []
        self.decisions: list[dict[str, Any]] = []
        self.stray: list[str] = []
        self._changed = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(process.stderr, self.log), daemon=True),
            threading.Thread(target=self._read, args=(process.stdout, self.decisions), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any, into: list[dict[str, Any]]) -> None:
        for line in stream:
            with self._changed:
                try:
                    into.append(json.loads(line))
                except ValueError:
                    self.stray.append(line.decode())
                self._changed.notify_all()

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until `condition` holds; it is looked at whenever a line has come."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), f"no {what}; log: {self.log}, {self.stray}"

    def wait_for_event(self, name: str, **members: Any) -> dict[str, Any]:
        """The first log line of this event with these members."""

        def found() -> list[dict[str, Any]]:
            return [line for line in self.log if line["event"] == name and members.items() <= line.items()]

        self.wait_for(lambda: bool(found()), f"log line {name} {members}")
        return found()[0]

    def wait_for_decisions(self, count: int) -> list[dict[str, Any]]:
        """The decisions on stdout, once there are so many."""
        self.wait_for(lambda: len(self.decisions) >= count, f"{count} decisions")
        return self.decisions

    def get(self, path: str) -> str:
        """What the daemon's HTTP server answers with status 200."""
        port = self.wait_for_event("started")["port"]
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
            text: str = answer.read().decode()
            return text

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def end(self) -> int:
        """Wait for the end, with all that was printed read; returns the exit code."""
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code

    def close(self) -> None:
        """Kill what still runs."""
        self.process.kill()
        self.end()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def calls() -> "SimpleQueue[CallRecord]":
    """The calls that reach the endpoint, one by one as they come."""
    return SimpleQueue()


@pytest.fixture
def simulator(calls: "SimpleQueue[CallRecord]") -> Iterator[Simulator]:
    """A local Rekognition endpoint whose sessions live four times as fast: 45 s, for processes that start slowly."""
    with Simulator(time_scale=4.0, seed=1, on_call=calls.put) as simulator:
        yield simulator


@pytest.fixture
def environment(simulator: Simulator) -> dict[str, str]:
    """Settings for a watcher of these tests: the local endpoint, quick polls, a free port."""
    return {
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "hidden-secret",
        "AWS_ENDPOINT_URL_REKOGNITION": simulator.url,
        "WATCHER_HTTP__PORT": "0",
        "WATCHER_POLLING__SESSION_TIMEOUT": "44",
        "WATCHER_POLLING__MIN_INTERVAL": "0.1",
        "WATCHER_POLLING__MAX_INTERVAL": "0.5",
    }


@pytest.fixture
def start(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[..., Daemon]]:
    """Start `watcher run` in a temporary folder with these arguments, and settings over those of the fixture."""
    daemons: list[Daemon] = []

    def started(*arguments: str, **settings: str) -> Daemon:
        daemon = Daemon(watcher_process(tmp_path, "run", *arguments, **(environment | settings)))
        daemons.append(daemon)
        return daemon

    yield started
    for daemon in daemons:
        daemon.close()
