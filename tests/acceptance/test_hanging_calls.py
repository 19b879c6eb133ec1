"""A service that takes connections and never answers, with time-outs longer than a session's time."""

from collections.abc import Callable, Iterator
from pathlib import Path
from socket import create_server, socket
from threading import Thread

import pytest

from tests.acceptance.conftest import Daemon
from tests.support import run_watcher, session_id

SESSIONS = 8


@pytest.fixture
def black_hole() -> Iterator[str]:
    """The URL of a server that accepts every connection and says nothing."""
    with create_server(("127.0.0.1", 0), backlog=50) as server:
        taken: list[socket] = []
        Thread(target=_take_all, args=(server, taken), daemon=True).start()
        yield "http://{}:{}".format(*server.getsockname())
        for connection in taken:
            connection.close()


def _take_all(server: socket, taken: list[socket]) -> None:
    while True:
        try:
            taken.append(server.accept()[0])
        except OSError:
            return


def test_sessions_end_at_their_deadline_while_every_worker_hangs(
    black_hole: str, start: Callable[..., Daemon], tmp_path: Path, environment: dict[str, str]
) -> None:
    run_watcher(tmp_path, "enqueue", *map(session_id, range(SESSIONS)))
    daemon = start(
        AWS_ENDPOINT_URL_REKOGNITION=black_hole,
        WATCHER_AWS__READ_TIMEOUT="60",  # longer than this test waits for anything
        WATCHER_POLLING__CONCURRENCY="3",
        WATCHER_POLLING__SESSION_TIMEOUT="11",
    )
    lost = daemon.wait_for_event("lost", part="endpoint")
    assert lost["error"].startswith("3 calls wait for an answer, the oldest for 1")
    decisions = daemon.wait_for_decisions(SESSIONS)
    assert {event["subject"] for event in decisions} == set(map(session_id, range(SESSIONS)))
    assert {event["data"]["reason"] for event in decisions} == {"timed_out"}
    hung = [event["data"]["lastError"] for event in decisions if event["data"]["polls"]]
    assert len(hung) == 3
    assert all("while a call for it hung" in error for error in hung)
    assert daemon.process.poll() is None
    assert daemon.stray == []
