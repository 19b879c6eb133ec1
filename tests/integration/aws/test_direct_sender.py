"""What goes over the wire, over which connection, and that no answer is ever taken for another call's."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import HTTPClientError

from tests.integration.support.servers import ANSWER, BOTH_WAYS, SESSION_ID, Server, reply, with_botocores_sender
from watcher.domain.errors import CallTimedOut, ConnectionFailed
from watcher.domain.model import SessionStatus
from watcher.rekognition import RekognitionResults

Serve = Callable[..., Server]
Connect = Callable[..., Any]


def stock_client(url: str, **config: Any) -> Any:
    """botocore's own, which nobody has touched."""
    return botocore.session.Session().create_client(
        "rekognition", region_name="us-east-1", endpoint_url=url, config=Config(**config)
    )


def test_the_request_is_botocores_own(serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "made-up")
    server = serve(reply(ANSWER))
    client = connect(server.url, sign_request=True)
    client.get_face_liveness_session_results(SessionId=SESSION_ID)
    same = {"retries": {"total_max_attempts": 1, "mode": "standard"}, "user_agent": client.meta.config.user_agent}
    with contextlib.closing(stock_client(server.url, **same)) as stock, with_botocores_sender():
        stock.get_face_liveness_session_results(SessionId=SESSION_ID)
    varying = (b"authorization", b"x-amz-date", b"amz-sdk-invocation-id")
    ours, theirs = (
        sorted(line.lower() for line in head.split(b"\r\n") if not line.lower().startswith(varying))
        for head in server.requests
    )
    assert ours == theirs
    assert len(ours) > 8
    for head in server.requests:
        assert [name in head.lower() for name in varying] == [True] * len(varying)


def test_a_request_through_a_proxy_is_botocores_own(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(reply(ANSWER))
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//user:p%40ss@"))
    with contextlib.closing(stock_client("http://rekognition.example", signature_version=UNSIGNED)) as stock:
        stock.get_face_liveness_session_results(SessionId=SESSION_ID)
    (theirs,) = proxy.requests
    assert b"Proxy-Authorization: Basic dXNlcjpwQHNz" in theirs  # what test_client_proxies.py expects of ours
    assert theirs.startswith(b"POST http://rekognition.example/ HTTP/1.1\r\n")


@BOTH_WAYS
@pytest.mark.parametrize(
    "change",
    [
        {"headers": {"Expect": "100-continue"}},
        {"headers": {"Host": "elsewhere"}},
        {"headers": {"Transfer-Encoding": "chunked"}},
        {"stream_output": True},
        {"context": {"read_timeout": 3}},
        {"body": '{"SessionId": "text"}'},
    ],
    ids=str,
)
def test_a_request_that_is_out_of_the_ordinary_is_sent_too(
    serve: Serve, connect: Connect, change: dict[str, Any]
) -> None:
    server = serve(reply(ANSWER))
    client = connect(server.url)

    def alter(request: Any, **_: object) -> None:
        request.headers.update(change.get("headers", {}))
        request.stream_output = change.get("stream_output", False)
        if "body" in change:
            request.body = change["body"]
            request.headers["Content-Length"] = str(len(change["body"]))
        with contextlib.suppress(AttributeError):  # botocore's older requests have none
            request.context = {**request.context, **change.get("context", {})}

    client.meta.events.register_first("before-send.rekognition", alter)
    assert RekognitionResults(client).get(SESSION_ID).session_id == SESSION_ID
    for name, value in change.get("headers", {}).items():
        sent = f"{name}: {value}".encode() in server.requests[-1]
        assert sent == (name != "Transfer-Encoding")  # the body goes in one piece, with its length


@BOTH_WAYS
def test_a_read_time_out_for_one_call_is_used(serve: Serve, connect: Connect) -> None:
    server = serve(script=lambda server, sock: (server.read_request(sock), server.stopped.wait()))
    client = connect(server.url, connect_timeout=60, read_timeout=60)

    def alter(request: Any, **_: object) -> None:
        request.context = {"read_timeout": 0.2}

    client.meta.events.register_first("before-send.rekognition", alter)
    with pytest.raises(CallTimedOut):
        RekognitionResults(client).get(SESSION_ID)


@BOTH_WAYS
@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\n", "a\r", "a\n b"])
def test_a_line_break_in_a_credential_is_no_header_of_its_own_and_in_no_text(
    serve: Serve, connect: Connect, value: str
) -> None:
    server = serve(reply(ANSWER))
    client = connect(server.url)
    token = f"S3CRET{value}"
    client.meta.events.register_first(
        "before-send.rekognition", lambda request, **_: request.headers.update({"X-Token": token})
    )
    with pytest.raises(ConnectionFailed, match="header") as caught:
        RekognitionResults(client).get(SESSION_ID)
    assert isinstance(caught.value.__cause__, HTTPClientError)
    error: BaseException | None = caught.value
    while error is not None:
        assert "S3CRET" not in f"{error!r} {error} {vars(error)}"
        error = error.__cause__
    assert server.requests == []


@BOTH_WAYS
def test_an_answer_that_ends_the_connection_ends_it(serve: Serve, connect: Connect) -> None:
    def script(server: Server, sock: socket.socket) -> None:
        if server.read_request(sock):
            sock.sendall(reply(ANSWER, Connection="close"))
        server.stopped.wait()

    server = serve(script=script)
    results = RekognitionResults(connect(server.url, read_timeout=5))
    for _ in range(3):
        assert results.get(SESSION_ID).session_id == SESSION_ID
    assert server.connections == 3


def test_what_tls_has_left_of_an_answer_is_not_the_next_calls(
    serve: Serve, connect: Connect, tls: ssl.SSLContext
) -> None:
    """It is decrypted already, and so the socket looks idle."""
    late = reply({**ANSWER, "Status": "SUCCEEDED", "Confidence": 99})

    def script(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(reply(ANSWER))
        server.read_request(sock)
        sock.sendall(reply(ANSWER)[:-5])
        sock.sendall(reply(ANSWER)[-5:] + late)
        server.stopped.wait()

    server = serve(script=script, context=tls)
    results = RekognitionResults(connect(server.url, verify_ssl=False))
    for _ in range(3):
        assert results.get(SESSION_ID).status is SessionStatus.IN_PROGRESS
    assert server.connections == 2


def test_what_comes_unasked_between_two_calls_is_nobodys_answer(serve: Serve, connect: Connect) -> None:
    def script(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(reply(ANSWER))
        if server.connections == 1:
            asked.wait(5)
            sock.sendall(reply({**ANSWER, "Status": "SUCCEEDED", "Confidence": 99}))
            sent.set()
        server.stopped.wait()

    asked, sent = threading.Event(), threading.Event()
    server = serve(script=script)
    results = RekognitionResults(connect(server.url))
    results.get(SESSION_ID)
    asked.set()
    assert sent.wait(5)
    assert results.get(SESSION_ID).status is SessionStatus.IN_PROGRESS
    assert server.connections == 2


def test_an_answer_that_comes_too_late_is_not_the_next_calls(serve: Serve, connect: Connect) -> None:
    def script(server: Server, sock: socket.socket) -> None:
        is_first = server.connections == 1
        server.read_request(sock)
        sock.sendall(reply(ANSWER))
        if is_first:  # the next call gets nothing, and the one after that what was meant for it
            server.read_request(sock)
            server.read_request(sock)
            with contextlib.suppress(OSError):
                sock.sendall(reply({**ANSWER, "Status": "SUCCEEDED", "Confidence": 99}))

    server = serve(script=script)
    results = RekognitionResults(connect(server.url, read_timeout=1))
    results.get(SESSION_ID)
    with pytest.raises(CallTimedOut):
        results.get(SESSION_ID)
    assert results.get(SESSION_ID).status is SessionStatus.IN_PROGRESS
    assert server.connections == 2


@pytest.mark.parametrize(("concurrency", "kept"), [(4, 4), (1, 2)])
def test_many_threads_have_a_connection_each_and_no_more_are_kept_than_set(
    serve: Serve, connect: Connect, concurrency: int, kept: int
) -> None:
    together = threading.Barrier(4, timeout=10)

    def script(server: Server, sock: socket.socket) -> None:
        while server.read_request(sock):
            together.wait()
            sock.sendall(reply(ANSWER))
        closed.append(sock)

    closed: list[socket.socket] = []
    server = serve(script=script)
    results = RekognitionResults(connect(server.url, concurrency=concurrency, read_timeout=10))
    threads = [threading.Thread(target=results.get, args=(SESSION_ID,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (server.connections, len(server.requests)) == (4, 4)
    assert (not closed) == (kept == 4) or server.hung_up.wait(5)


def test_a_closed_client_that_is_used_again_opens_connections_again(serve: Serve, connect: Connect) -> None:
    server = serve(reply(ANSWER))
    results = RekognitionResults(connect(server.url))
    for connections in (1, 2):
        for _ in range(2):
            results.get(SESSION_ID)
        results.close()
        assert server.connections == connections
