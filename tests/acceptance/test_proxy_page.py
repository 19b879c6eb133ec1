"""A proxy or captive portal that answers in AWS's place: nobody is rejected for what it says."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest

from tests.acceptance.conftest import PATIENCE, Daemon
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.simulator import Fault, SessionScript, Simulator
from watcher.util.clock import SystemClock

Start = Callable[..., Daemon]
Page = tuple[int, str, bytes]

HTML = b"<html><body>Please sign in to the network</body></html>"


class Portal:
    """Stands before the endpoint; answers everything with `page` while there is one."""

    def __init__(self, behind: str) -> None:
        self.page: Page | None = None
        self._behind = urlsplit(behind).netloc
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, kind, page = portal.page or portal.ask(self.command, self.path, body, dict(self.headers))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(page)))
                if status == 302:
                    self.send_header("Location", "https://portal.example/sign-in")
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Page:
        """What the endpoint behind answers."""
        with closing(HTTPConnection(self._behind, timeout=PATIENCE)) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Content-Type", ""), answer.read()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """An endpoint whose sessions live for three minutes: the page is gone before they are."""
    with Simulator(seed=1) as simulator:
        yield simulator


@pytest.fixture
def portal(simulator: Simulator) -> Iterator[Portal]:
    portal = Portal(simulator.url)
    yield portal
    portal.close()


def enqueue(folder: Path, *sessions: str) -> None:
    with closing(SqliteQueue(folder / "watcher.db", 60.0, SystemClock())) as queue:
        queue.send(sessions)


def unready(daemon: Daemon) -> dict[str, str]:
    """By part, what /readyz says is wrong."""
    try:
        daemon.get("/readyz")
    except HTTPError as error:
        with closing(error):
            return {line["part"]: line["problem"] for line in json.load(error)}
    return {}


@pytest.mark.parametrize(
    "page",
    [
        (403, "text/html", HTML),
        (200, "text/html", HTML),
        (302, "text/html", b""),
        (511, "text/html", HTML),
        (200, "application/json", b'{"message": "blocked by policy"}'),
        (200, "application/json", b"{}"),
        (403, "application/json", b'{"message": "Forbidden"}'),
    ],
    ids=str,
)
def test_nobody_is_rejected_while_a_page_answers_and_all_are_decided_once_it_is_gone(
    tmp_path: Path, simulator: Simulator, portal: Portal, start: Start, page: Page
) -> None:
    script = SessionScript(created_for=0, in_progress_for=0)
    sessions = [simulator.create_session(script) for _ in range(20)]
    portal.page = page
    enqueue(tmp_path, *sessions)
    daemon = start(AWS_ENDPOINT_URL_REKOGNITION=portal.url, WATCHER_POLLING__SESSION_TIMEOUT="170")
    daemon.wait_for_event("component_unavailable", part="endpoint")
    problem = unready(daemon)["endpoint"]
    assert "AccessDenied" not in problem
    assert "sign in" not in problem
    assert daemon.decisions == []
    portal.page = None
    assert {event["data"]["outcome"] for event in daemon.wait_for_decisions(20)} == {"live"}
    daemon.wait_for_event("component_recovered", part="endpoint")
    assert unready(daemon) == {}


def test_sessions_behind_a_page_time_out_at_their_deadline_and_say_what_came(
    tmp_path: Path, simulator: Simulator, portal: Portal, start: Start
) -> None:
    portal.page = (403, "text/html", HTML)
    daemon = start(AWS_ENDPOINT_URL_REKOGNITION=portal.url, WATCHER_POLLING__SESSION_TIMEOUT="15")
    daemon.wait_for_event("started")
    enqueue(tmp_path, *[simulator.create_session() for _ in range(5)])
    for event in daemon.wait_for_decisions(5):
        assert event["data"]["reason"] == "timed_out"
        assert "HTTP 403 without an error code" in event["data"]["lastError"]


def test_a_single_session_without_readable_answers_is_given_up_where_the_endpoint_is_the_api_s(
    tmp_path: Path, simulator: Simulator, start: Start
) -> None:
    session = simulator.create_session(SessionScript(faults=(Fault("garbage_body"),)))
    enqueue(tmp_path, session)
    daemon = start()
    (event,) = daemon.wait_for_decisions(1)
    assert (event["data"]["reason"], event["data"]["polls"]) == ("malformed_result", 5)
    assert unready(daemon) == {}
