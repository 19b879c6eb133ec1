"""What hangs is named by /livez or /readyz: the real watcher, with a thread or a call that is made to hang.

The watchers run side by side, for each takes its 20 seconds.
"""

import json
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from itertools import count
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.acceptance.conftest import PATIENCE, Daemon
from tests.support import watcher_process
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.simulator import SessionScript, Simulator
from watcher.util.clock import SystemClock
from watcher.util.stalls import VARIABLE

Start = Callable[..., Daemon]

SCRIPT = SessionScript(created_for=0, in_progress_for=15)

LONG = 90.0
"""Seconds after which what was never named has failed the test; the promise is kept by `test_health`, whose clock is
its own."""

OWN = (
    ("poller", "prober", "main"),
    ("scheduler",),  # under its lock: whoever waits for that is not to be named
    ("lease-extender", "deadline-watchdog", "recorder"),
    ("sink-stdout",),
    ("consumer",),
    ("acker",),
)
OUTSIDE = (
    {"queue.extend": "queue", "ledger.record": "ledger", "endpoint.get": "endpoint"},
    {"queue.receive": "queue"},
    {"sink stdout.emit": "sink stdout"},
    {"queue.ack": "queue"},
)


def health(daemon: Daemon, path: str) -> list[str]:
    """The lines of a watcher's answer."""
    return ask(daemon.wait_for_event("started")["port"], path)


def ask(port: int, path: str) -> list[str]:
    """The lines of an answer."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
            found = json.load(answer)
    except HTTPError as error:
        found = json.load(error)
    return [line if isinstance(line, str) else f"{line['part']}: {line['problem']}" for line in found]


def wait_for(condition: Callable[[], bool], what: Callable[[], object]) -> None:
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.25)


@pytest.fixture
def stalled(tmp_path: Path, simulator: Simulator, start: Start) -> Callable[..., Daemon]:
    """A watcher with a queue of its own, some sessions, and these points stalled."""
    numbers = count()

    def begin(points: Iterable[str], ending: str = "") -> Daemon:
        file = tmp_path / f"{next(numbers)}.db"
        with closing(SqliteQueue(file, 60.0, SystemClock())) as queue:
            queue.send([simulator.create_session(SCRIPT) for _ in range(3)])
        daemon = start(
            WATCHER_QUEUE__URL=f"sqlite:///{file}",
            WATCHER_QUEUE__VISIBILITY_TIMEOUT="5",
            WATCHER_SHUTDOWN__DRAIN_TIMEOUT="2",
            **{VARIABLE: ",".join(f"{point}:0{ending}" for point in points)},
        )
        daemon.wait_for_event("started")  # one by one: a machine that starts them all at once starts none
        return daemon

    return begin


def test_a_thread_of_ours_that_hangs_is_named_by_livez_and_nobody_else_is(
    stalled: Callable[..., Daemon],
) -> None:
    daemons = {points: stalled(points) for points in OWN}
    for points, daemon in daemons.items():

        def named(daemon: Daemon = daemon) -> set[str]:
            return {line.partition(":")[0] for line in health(daemon, "/livez")}

        wait_for(lambda points=points, named=named: named() >= set(points), named)  # type: ignore[misc]
        assert named() == set(points)
        assert not [line for line in health(daemon, "/readyz") if "no answer" in line]
        if "main" not in points:  # it is who logs
            assert {line.partition(":")[0] for line in daemon.wait_for_event("thread_stuck")["late"]} <= set(points)


def test_a_call_that_hangs_is_named_by_readyz_and_never_fails_livez(
    stalled: Callable[..., Daemon],
) -> None:
    daemons = [(set(points.values()), stalled(points)) for points in OUTSIDE]
    for parts, daemon in daemons:

        def named(daemon: Daemon = daemon) -> set[str]:
            return {line.partition(":")[0] for line in health(daemon, "/readyz")}

        wait_for(lambda parts=parts, named=named: named() >= parts, named)  # type: ignore[misc]
        assert named() == parts
        assert health(daemon, "/livez") == []
        assert daemon.wait_for_event("call_stuck")["part"] in parts


@pytest.mark.parametrize("role", ["http", "poller", "lease-extender"])
def test_a_thread_that_dies_ends_the_process_with_an_error(stalled: Callable[..., Daemon], role: str) -> None:
    daemon = stalled([role], ":die")
    assert daemon.end() == 1
    assert any(f"the {role} thread died" in line for line in daemon.stray)


def test_a_stdout_that_nobody_reads_is_named_and_other_sinks_get_their_decisions(
    tmp_path: Path, simulator: Simulator, environment: dict[str, str]
) -> None:
    """The pipe takes 64 KiB, about a hundred decisions."""
    sessions = [simulator.create_session(SCRIPT) for _ in range(200)]
    with closing(SqliteQueue(tmp_path / "watcher.db", 60.0, SystemClock())) as queue:
        queue.send(sessions)
    sinks = [{"type": "stdout"}, {"type": "file", "name": "kept", "path": str(tmp_path / "kept.jsonl")}]
    with watcher_process(tmp_path, "run", **environment, WATCHER_SINKS=json.dumps(sinks)) as process:
        try:
            assert process.stderr is not None
            port = json.loads(next(line for line in process.stderr if b'"started"' in line))["port"]
            wait_for(
                lambda: "sink stdout" in {line.partition(":")[0] for line in ask(port, "/readyz")},
                lambda: ask(port, "/readyz"),
            )
            assert ask(port, "/livez") == []
            wait_for(lambda: len((tmp_path / "kept.jsonl").read_text().splitlines()) == 200, lambda: "decisions")
        finally:
            process.kill()
