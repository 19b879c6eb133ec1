"""Clients that connect to the metrics port and say nothing leave room for everything else."""

import json
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.acceptance.conftest import PATIENCE, Daemon
from tests.unit.sinks.receivers import Receiver
from watcher.clock import SystemClock
from watcher.connections import MOST
from watcher.queues.sqlite import SqliteQueue
from watcher.simulator import SessionScript, Simulator

DESCRIPTORS = 512
CLIENTS = 600


@pytest.fixture(autouse=True)
def _many_descriptors() -> Iterator[None]:
    """For the test's own ends of the connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(4096, hard)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_probes_and_sinks_work_while_hundreds_of_connections_idle(
    tmp_path: Path, simulator: Simulator, start: Callable[..., Daemon]
) -> None:
    receiver = Receiver(204)
    sinks = [{"type": "webhook", "name": "back-end", "url": receiver.url, "allow_private": True}, {"type": "stdout"}]
    with ExitStack() as opened:
        opened.callback(receiver.close)
        daemon = start(WATCHER_SINKS=json.dumps(sinks))
        port = daemon.wait_for_event("started")["port"]
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        for _ in range(CLIENTS):
            opened.enter_context(closing(socket.create_connection(("127.0.0.1", port), PATIENCE)))
        assert json.loads(daemon.get("/livez")) == []
        with closing(SqliteQueue(tmp_path / "watcher.db", 60.0, SystemClock())) as queue:
            queue.send([simulator.create_session(SessionScript(created_for=0, in_progress_for=0)) for _ in range(20)])
        assert len(daemon.wait_for_decisions(20)) == 20
        assert json.loads(daemon.get("/readyz")) == []
        sockets = [link for link in Path(f"/proc/{daemon.process.pid}/fd").iterdir() if is_socket(link)]
        assert len(sockets) < MOST * 2
    assert not [line for line in daemon.log if "open files" in str(line)]


def is_socket(link: Path) -> bool:
    try:
        return str(link.readlink()).startswith("socket:")
    except OSError:  # closed meanwhile
        return False
