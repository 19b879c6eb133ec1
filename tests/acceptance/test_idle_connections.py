"""Clients that connect to the metrics port and say nothing leave room for everything else."""

import json
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.acceptance.conftest import PATIENCE, Daemon
from tests.integration.support.receivers import Receiver
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.simulator import SessionScript, Simulator
from watcher.telemetry.connections import MOST
from watcher.util.clock import SystemClock

CLIENTS = 600


@pytest.fixture(autouse=True)
def _many_descriptors() -> Iterator[None]:
    """For the test's own ends of the connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(4096, hard)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("descriptors", [64, 512])
def test_probes_and_sinks_work_while_hundreds_of_connections_idle(
    tmp_path: Path, simulator: Simulator, start: Callable[..., Daemon], descriptors: int
) -> None:
    receiver = Receiver(204)
    sinks = [{"type": "webhook", "name": "back-end", "url": receiver.url, "allow_private": True}, {"type": "stdout"}]
    sinks.append({"type": "file", "path": "decisions.jsonl"})
    with ExitStack() as opened:
        opened.callback(receiver.close)
        daemon = start(WATCHER_SINKS=json.dumps(sinks))
        port = daemon.wait_for_event("started")["port"]
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (descriptors, descriptors))
        with counting_sockets(daemon.process.pid) as counts:
            for _ in range(CLIENTS):
                opened.enter_context(closing(socket.create_connection(("127.0.0.1", port), PATIENCE)))
            assert json.loads(daemon.get("/livez")) == []
        assert max(counts) < MOST * 2
        with closing(SqliteQueue(tmp_path / "watcher.db", 60.0, SystemClock())) as queue:
            queue.send([simulator.create_session(SessionScript(created_for=0, in_progress_for=0)) for _ in range(20)])
        assert len(daemon.wait_for_decisions(20)) == 20
        assert json.loads(daemon.get("/readyz")) == []
    assert not [line for line in daemon.log if "open files" in str(line)]


@contextmanager
def counting_sockets(pid: int) -> Iterator[list[int]]:
    """How many sockets the process has had, looked at all the time."""
    counts, over = [0], Event()

    def count() -> None:
        while not over.wait(0.02):
            counts.append(sum(map(is_socket, Path(f"/proc/{pid}/fd").iterdir())))

    thread = Thread(target=count)
    thread.start()
    try:
        yield counts
    finally:
        over.set()
        thread.join()


def is_socket(link: Path) -> bool:
    try:
        return str(link.readlink()).startswith("socket:")
    except OSError:  # closed meanwhile
        return False
