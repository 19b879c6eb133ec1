"""A stop has one bound, whatever hangs: the queue here, over real sockets."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Event, Thread

import pytest

from tests.acceptance.conftest import PATIENCE, Daemon
from tests.support import BUSY
from watcher.daemon.systemd import STOP_SLACK
from watcher.simulator import SessionScript, Simulator
from watcher.simulator.calls import CallRecord

DRAIN = 3.0
NEVER = SessionScript(ending="IN_PROGRESS")


class HangingQueue(ThreadingHTTPServer):
    """An SQS that hands these sessions out, ten a call, and then takes every call and never answers."""

    daemon_threads = True
    request_queue_size = 200  # what it takes at once: nothing must fail for that

    def __init__(self, sessions: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sessions = sessions
        self.over = Event()
        self.hangs = Event()

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a watcher of this queue."""
        return {
            "WATCHER_QUEUE__URL": f"http://127.0.0.1:{self.server_port}/123456789012/sessions",
            "WATCHER_QUEUE__TYPE": "sqs",
            "WATCHER_LEDGER__URL": "sqlite:///ledger.db",
            "WATCHER_SHUTDOWN__DRAIN_TIMEOUT": f"{DRAIN}",
        }


class _Handler(BaseHTTPRequestHandler):
    server: HangingQueue
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if not self.headers["X-Amz-Target"].endswith(".ReceiveMessage") or not self.server.sessions:
            self.server.hangs.set()
            self.server.over.wait(PATIENCE * 2)
            self.close_connection = True
            return
        batch, self.server.sessions = self.server.sessions[:10], self.server.sessions[10:]
        body = json.dumps({"Messages": [_message(session) for session in batch]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's signature
        """Not into the tests' output."""


def _message(session: str) -> dict[str, object]:
    digest = md5(session.encode(), usedforsecurity=False).hexdigest()
    return {"MessageId": session, "ReceiptHandle": f"r-{session}", "Body": session, "MD5OfBody": digest}


@pytest.fixture
def serve() -> Iterator[Callable[[list[str]], HangingQueue]]:
    servers = []

    def served(sessions: list[str]) -> HangingQueue:
        servers.append(HangingQueue(sessions))
        Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1]

    yield served
    for server in servers:
        server.over.set()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("count", [0, 25])
def test_a_queue_that_never_answers_does_not_hold_up_a_stop(
    count: int,
    simulator: Simulator,
    calls: "SimpleQueue[CallRecord]",
    start: Callable[..., Daemon],
    serve: Callable[[list[str]], HangingQueue],
) -> None:
    """What is left beyond the drain is what systemd and Kubernetes leave at least (STOP_SLACK)."""
    queue = serve([simulator.create_session(NEVER) for _ in range(count)])
    daemon = start(**queue.settings)
    daemon.wait_for_event("started")
    assert queue.hangs.wait(PATIENCE)
    polled = set[str | None]()
    while len(polled) < count:
        polled.add(calls.get(timeout=PATIENCE).session_id)
    begun = time.monotonic()
    daemon.send(signal.SIGTERM)
    assert daemon.end() == 0
    assert time.monotonic() - begun < DRAIN + STOP_SLACK + BUSY
    released = [line for line in daemon.log if line["event"] == "release_failed"]
    assert [line["messages"] for line in released] == [25] * bool(count)
    assert daemon.stray == []
