"""What comes back from the port of a watcher, or of something else."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from threading import Thread
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from tests.integration.support.servers import Server, reply
from tests.support import ManualClock
from watcher.cli.status.client import StatusReply, ask
from watcher.telemetry.health import Beat
from watcher.telemetry.http_server import HealthServer

Serve = Callable[..., Server]

DOCUMENT: dict[str, Any] = {
    "state": "active",
    "version": "1.0",
    "startedAt": "2026-01-01T00:00:00Z",
    "uptimeSeconds": 1.5,
    "stuck": [],
    "problems": [{"part": "queue", "problem": "unavailable"}],
    "sessionsInFlight": 3,
    "callsPerSecond": None,
    "decisions": {"live": 2},
    "config": None,
}


@pytest.fixture
def watcher_port() -> Iterator[HealthServer]:
    """The watcher's own server, with this document."""
    server = HealthServer("127.0.0.1", 0, CollectorRegistry(), list, dict)
    server.show_status(lambda _shows_settings: DOCUMENT)
    thread = Thread(target=server.run, args=(Beat(ManualClock(), "http"),))
    thread.start()
    yield server
    server.close()
    thread.join()


def asked(serve: Serve, answer: bytes) -> StatusReply:
    """What is made of a server that sends this, and hangs up."""

    def script(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(answer)
        sock.close()

    return ask(serve(script=script).url)


def test_a_watcher_s_document_comes_back_whole_with_its_url(watcher_port: HealthServer) -> None:
    url = f"http://127.0.0.1:{watcher_port.port}"
    answer = ask(url)
    assert (answer.state, answer.exit_code, answer.problem) == ("active", 0, "")
    assert answer.members() == {"url": url, **DOCUMENT}
    assert answer.status is not None
    assert answer.status.problems[0].problem == "unavailable"


@pytest.mark.parametrize(("state", "code"), [("active", 0), ("degraded", 1), ("deactivating", 3)])
def test_each_state_has_the_code_of_systemctl(serve: Serve, state: str, code: int) -> None:
    answer = asked(serve, reply({**DOCUMENT, "state": state}))
    assert (answer.state, answer.exit_code) == (state, code)


def test_where_nothing_listens_no_watcher_runs() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        port = unused.getsockname()[1]
    answer = ask(f"http://127.0.0.1:{port}")
    assert (answer.state, answer.exit_code) == ("inactive", 3)
    assert answer.members() == {
        "url": f"http://127.0.0.1:{port}",
        "state": "inactive",
        "problem": "no answer: Connection refused",
    }


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (b"", "no answer: "),
        (b"220 mail.example ESMTP\r\n", "no answer: "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "no answer: "),
        (reply(b"x" * (9 << 20)), "no answer: the response has more than 8 MiB"),
        (reply(b"", "404 Not Found"), "HTTP 404 for /status.json: no watcher, or an old one"),
        (reply(b"", "302 Found", Location="http://127.0.0.1:1/"), "HTTP 302 for /status.json"),
    ],
    ids=["hangs up", "no HTTP", "broken", "huge", "404", "302"],
)
def test_what_does_not_answer_as_a_watcher_is_unknown(serve: Serve, sent: bytes, problem: str) -> None:
    answer = asked(serve, sent)
    assert (answer.state, answer.exit_code, answer.status) == ("unknown", 4, None)
    assert answer.problem.startswith(problem)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"\xff",
        b"[" * 100_000,
        b"{}",
        json.dumps({**DOCUMENT, "state": "unheard of"}).encode(),
        json.dumps({**DOCUMENT, "uptimeSeconds": float("nan")}).encode(),
        json.dumps({**DOCUMENT, "config": {}}).encode(),
    ],
    ids=len,
)
def test_a_document_that_is_not_a_watcher_s_is_unknown(serve: Serve, body: bytes) -> None:
    answer = asked(serve, reply(body))
    assert (answer.state, answer.problem) == ("unknown", "the answer is not a watcher's")


def test_an_answer_that_is_cut_off_is_not_called_somebody_elses(serve: Serve) -> None:
    answer = asked(serve, reply(DOCUMENT)[:-20])
    assert (answer.state, answer.problem) == ("unknown", "the connection ended within the answer")


def test_a_password_in_the_url_is_not_shown(watcher_port: HealthServer) -> None:
    for port in (watcher_port.port, 1):
        answer = ask(f"http://me:hunter2@127.0.0.1:{port}")
        assert "hunter2" not in json.dumps(answer.members())


def test_a_proxy_is_not_asked(watcher_port: HealthServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert ask(f"http://127.0.0.1:{watcher_port.port}").state == "active"
