"""Every peer: what it is, what it needs, how it is started and how it is told of a session."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.peers import tree
from tests.benchmarks.peers.common import WORKERS, Work
from tests.benchmarks.peers.endpoint import Made
from tests.benchmarks.processes import PATIENCE, WATCHER, spawn
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.util.clock import SystemClock

ROOT = Path(__file__).parents[3]
MODULE = "tests.benchmarks.peers."
WATCHER_NAME = "watcher run"


@dataclass(frozen=True, slots=True)
class Setting:
    """Work, and what only the watcher wants to know: calls a second, 0 to find out, and sessions at once."""

    work: Work
    max_rate: float
    sessions: int


class Worker:
    """A running peer that takes sessions as lines on its stdin."""

    def __init__(self, setting: Setting, command: Sequence[str]) -> None:
        self.work = setting.work
        self.log = setting.work.folder / "log"
        self.process = self.start(command)

    def start(self, command: Sequence[str]) -> subprocess.Popen[str]:
        told = [f"{name}={value}" for name, value in self.work.environment().items()]
        with self.log.open("a") as log:
            return spawn(["env", "-C", str(ROOT), f"PYTHONPATH={ROOT}", *told, *command], log.fileno())

    def feed(self, sessions: Sequence[Made]) -> None:
        """Hand it sessions."""
        write_lines(self.process, sessions)

    def why_ended(self) -> str:
        """The last it said, if it has ended by itself, else ""."""
        if self.process.poll() is None:
            return ""
        said = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return f"ended: {said[-1] if said else self.process.returncode}"

    def end(self) -> None:
        finish(self.process)


class QueueWorker(Worker):
    """A peer with a broker; a second process of it does what a back end would, and puts sessions there."""

    def __init__(self, setting: Setting, command: Sequence[str], module: str) -> None:
        super().__init__(setting, command)
        self._feeder = self.start([sys.executable, "-m", MODULE + module])

    def feed(self, sessions: Sequence[Made]) -> None:
        write_lines(self._feeder, sessions)

    def end(self) -> None:
        finish(self._feeder)
        super().end()


class WatcherWorker(Worker):
    """`watcher run` with its SQLite queue."""

    def __init__(self, setting: Setting) -> None:
        folder = setting.work.folder
        self._queue = SqliteQueue(folder / "watcher.db", 60.0, SystemClock())
        config = folder / "watcher.toml"
        config.write_text(watcher_settings(setting))
        super().__init__(setting, [*WATCHER, "run", "--config", str(config)])

    def feed(self, sessions: Sequence[Made]) -> None:
        self._queue.send([json.dumps({"sessionId": one.id, "createdAt": rfc3339(one.created)}) for one in sessions])

    def end(self) -> None:
        self._queue.close()
        super().end()


@dataclass(frozen=True, slots=True)
class Peer:
    """One row of the table.

    Attributes:
        name: as the table has it.
        needs: packages, and "redis-server" or "aiobotocore".
        start: makes its worker.
        waits: how it waits between polls, for the reader.
    """

    name: str
    needs: tuple[str, ...]
    start: Callable[[Setting], Worker]
    waits: str


def direct(module: str, python: str = sys.executable) -> Callable[[Setting], Worker]:
    return lambda setting: Worker(setting, [python, "-m", MODULE + module])


def queued(module: str, *command: str) -> Callable[[Setting], Worker]:
    """`command` is a Python module and its arguments."""
    return lambda setting: QueueWorker(setting, [sys.executable, "-m", *command], module)


def peers(aiobotocore: str = sys.executable) -> list[Peer]:
    """All of them; `aiobotocore` is the Python that has that package."""
    huey, dramatiq, celery = "huey_sqlite", "dramatiq_redis", "celery_redis"
    threads = str(WORKERS)
    run_huey = ("huey.bin.huey_consumer", f"{MODULE}{huey}.huey", "-k", "thread", "-w", threads, "-q")
    run_dramatiq = ("dramatiq", MODULE + dramatiq, "--processes", "2", "--threads", str(WORKERS // 2))
    run_celery = ("celery", "-A", MODULE + celery, "worker", "-P", "threads", "-c", threads, "-l", "WARNING")
    return [
        Peer(WATCHER_NAME, (), WatcherWorker, "learned"),
        Peer("thread a session, tenacity", ("tenacity",), direct("threads_tenacity"), "fixed"),
        Peer("thread a session, botocore waiter", (), direct("threads_waiter"), "fixed"),
        Peer("aiobotocore, AsyncRetrying", ("aiobotocore",), direct("tasks_aiobotocore", aiobotocore), "fixed"),
        Peer("huey, SQLite", ("huey",), queued(huey, *run_huey), "fixed"),
        Peer("dramatiq, Redis", ("dramatiq", "redis", "redis-server"), queued(dramatiq, *run_dramatiq), "backoff"),
        Peer("Celery, Redis", ("celery", "redis", "redis-server"), queued(celery, *run_celery), "fixed"),
    ]


def has_package(name: str) -> bool:
    """Whether this Python can import it."""
    return importlib.util.find_spec(name) is not None


def watcher_settings(setting: Setting) -> str:
    """Its defaults, but for what the scenario makes shorter than in life."""
    work = setting.work
    return f"""[aws]
endpoint_url = "{work.url}"
region = "us-east-1"
[queue]
url = "sqlite:///{work.folder / "watcher.db"}"
max_in_flight = {setting.sessions}
[polling]
min_interval = {work.interval / 2}
max_interval = {work.interval * 5}
session_timeout = {work.life}
concurrency = {WORKERS}
max_rate = {setting.max_rate}
[[sinks]]
type = "file"
path = "{work.decisions}"
[http]
port = 0
[log]
format = "json"
level = "warning"
"""


def rfc3339(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat()


def write_lines(process: subprocess.Popen[str], sessions: Sequence[Made]) -> None:
    assert process.stdin is not None
    try:
        process.stdin.writelines(f"{one.id} {one.created:.6f}\n" for one in sessions)
        process.stdin.flush()
    except BrokenPipeError:
        return  # it has ended: why_ended says so


def finish(process: subprocess.Popen[str]) -> None:
    """Kill a process and its descendants: what they have not done is of no more use."""
    for pid in tree.family_of(process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait(PATIENCE)
    if process.stdout:
        process.stdout.close()
    if process.stdin:
        with suppress(BrokenPipeError):  # what a process that ended by itself did not read
            process.stdin.close()
