"""A service that never answers, or stops in the middle of one, with time-outs longer than a session's time."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_server, socket
from threading import Event, Thread
from typing import Any

import pytest

from tests.acceptance.conftest import Daemon, put_on_queue
from tests.support import session_id

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
    daemon = start(
        AWS_ENDPOINT_URL_REKOGNITION=black_hole,
        WATCHER_AWS__READ_TIMEOUT="60",  # longer than this test waits for anything
        WATCHER_POLLING__CONCURRENCY="3",
        WATCHER_POLLING__SESSION_TIMEOUT="11",
    )
    # Only then: on a busy machine the start would take longer than these sessions have.
    daemon.wait_for_event("started")
    put_on_queue(tmp_path, *map(session_id, range(SESSIONS)))
    lost = daemon.wait_for_event("component_unavailable", part="endpoint")
    assert lost["error"].startswith("3 calls wait for an answer, the oldest for ")
    decisions = daemon.wait_for_decisions(SESSIONS)
    assert {event["subject"] for event in decisions} == set(map(session_id, range(SESSIONS)))
    assert {event["data"]["reason"] for event in decisions} == {"timed_out"}
    hung = [event["data"]["lastError"] for event in decisions if event["data"]["polls"]]
    assert len(hung) == 3
    assert all("while a call for it hung" in error for error in hung)
    assert daemon.process.poll() is None
    assert daemon.stray == []


class Stalling(BaseHTTPRequestHandler):
    """Answers that a session is in progress; from `STALLS_AFTER` seconds on it stops in the middle of that."""

    protocol_version = "HTTP/1.1"
    begun = 0.0
    stopped = Event()

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["content-length"])).decode().split('"')[3]
        body = f'{{"SessionId": "{asked}", "Status": "IN_PROGRESS"}}'.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:-5])
        self.wfile.flush()
        type(self).begun = self.begun or time.monotonic()
        if time.monotonic() - self.begun > STALLS_AFTER:
            self.stopped.wait(60)
        self.wfile.write(body[-5:])

    def log_message(self, *_: Any) -> None:
        pass


STALLS_AFTER, LIFETIME = 3.0, 6.0


@pytest.fixture
def stalling() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stalling)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # the watcher hangs up
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    Stalling.stopped.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_sessions_whose_answers_stall_end_at_their_deadline(
    stalling: str, start: Callable[..., Daemon], tmp_path: Path
) -> None:
    """Each has been answered before; the call that hangs began seconds before the deadline, or less than one."""
    daemon = start(
        AWS_ENDPOINT_URL_REKOGNITION=stalling,
        WATCHER_AWS__READ_TIMEOUT="60",
        WATCHER_POLLING__MAX_INTERVAL="2",
        WATCHER_POLLING__SESSION_TIMEOUT=str(LIFETIME),
    )
    put_on_queue(tmp_path, *map(session_id, range(SESSIONS)))
    decisions = [event["data"] for event in daemon.wait_for_decisions(SESSIONS)]
    assert {data["reason"] for data in decisions} == {"timed_out"}
    # One second is what the unit tests hold it to, on their own clock; here the machine may be busy.
    assert max(seconds(data["decidedAt"]) - seconds(data["createdAt"]) for data in decisions) < LIFETIME + 4.0


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
