"""When a call goes the lean way and when botocore's own, and that the pool's books stay right."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.rekognition.servers import ANSWER, BOTH_WAYS, SESSION_ID, Server, reply
from watcher.aws import lean
from watcher.aws.bounded import BoundedCalls
from watcher.errors import CallTimedOut, ConnectionFailed
from watcher.model import SessionStatus
from watcher.rekognition import RekognitionResults

Serve = Callable[..., Server]
Connect = Callable[..., Any]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The calls that went the lean way, as they went over the wire."""
    calls: list[bytes] = []
    original = BoundedCalls.exchange

    def spy(self: BoundedCalls, message: bytes, method: str) -> Any:
        calls.append(message)
        return original(self, message, method)

    monkeypatch.setattr(BoundedCalls, "exchange", spy)
    return calls


def test_botocore_opens_the_connection_and_the_lean_way_uses_it(
    serve: Serve, connect: Connect, sent: list[bytes]
) -> None:
    server = serve(reply(ANSWER))
    results = RekognitionResults(connect(server.url))
    for _ in range(3):
        results.get(SESSION_ID)
    assert (server.connections, len(server.requests), len(sent)) == (1, 3, 2)


def test_both_ways_send_the_same(serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "made-up")
    server = serve(reply(ANSWER))
    results = RekognitionResults(connect(server.url, sign_request=True))
    for _ in range(2):
        results.get(SESSION_ID)
    varying = (b"authorization", b"x-amz-date", b"amz-sdk-invocation-id")
    stock, leanly = (
        sorted(line for line in head.split(b"\r\n") if not line.lower().startswith(varying))
        for head in server.requests
    )
    assert stock == leanly
    assert len(leanly) > 8
    for head in server.requests:
        assert [name in head.lower() for name in varying] == [True] * len(varying)


def test_a_proxy_goes_the_stock_way(
    serve: Serve, connect: Connect, sent: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(reply(ANSWER))
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    client = connect("http://rekognition.example")
    results = RekognitionResults(client)
    for _ in range(2):
        results.get(SESSION_ID)
    assert not lean.send_leanly(client, "rekognition")
    assert [request.split(b"\r\n")[0] for request in proxy.requests] == [
        b"POST http://rekognition.example/ HTTP/1.1"
    ] * 2
    assert sent == []


def test_a_name_that_needs_no_proxy_goes_the_lean_way(
    serve: Serve, connect: Connect, sent: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://localhost:1")
    monkeypatch.setenv("NO_PROXY", "localhost")
    results = RekognitionResults(connect(serve(reply(ANSWER)).url))
    for _ in range(2):
        results.get(SESSION_ID)
    assert len(sent) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"headers": {"Expect": "100-continue"}},
        {"headers": {"Host": "elsewhere"}},
        {"stream_output": True},
        {"context": {"read_timeout": 3}},
    ],
    ids=str,
)
def test_a_request_that_is_not_plain_goes_the_stock_way(
    serve: Serve, connect: Connect, sent: list[bytes], change: dict[str, Any]
) -> None:
    client = connect(serve(reply(ANSWER)).url)
    results = RekognitionResults(client)
    results.get(SESSION_ID)

    def alter(request: Any, **_: object) -> None:
        request.headers.update(change.get("headers", {}))
        request.stream_output = change.get("stream_output", False)
        request.context = {**request.context, **change.get("context", {})}

    client.meta.events.register_first("before-send.rekognition", alter)
    assert results.get(SESSION_ID).session_id == SESSION_ID
    assert sent == []


def test_a_line_break_in_a_credential_is_no_header_of_its_own(
    serve: Serve, connect: Connect, sent: list[bytes]
) -> None:
    server = serve(reply(ANSWER))
    client = connect(server.url)
    results = RekognitionResults(client)
    results.get(SESSION_ID)
    client.meta.events.register_first(
        "before-send.rekognition", lambda request, **_: request.headers.update({"X-Token": "a\r\nX-Other: b"})
    )
    with pytest.raises(ConnectionFailed, match="header"):
        results.get(SESSION_ID)
    assert (len(server.requests), sent) == (1, [])


@pytest.mark.parametrize("missing", ["_put_conn", "pool"])
def test_a_urllib3_that_is_built_otherwise_goes_the_stock_way(
    serve: Serve, connect: Connect, sent: list[bytes], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setattr(lean, "_POOL_PARTS", (f"{missing}_renamed",))
    results = RekognitionResults(connect(serve(reply(ANSWER)).url))
    for _ in range(2):
        results.get(SESSION_ID)
    assert sent == []


def test_this_urllib3_and_botocore_are_built_as_the_lean_way_expects(connect: Connect) -> None:
    client = connect("http://localhost:1")
    session = client._endpoint.http_session
    assert all(hasattr(session, part) for part in lean._SESSION_PARTS)
    pool = session._manager.connection_from_url("http://localhost:1")
    assert all(hasattr(pool, part) for part in lean._POOL_PARTS)
    assert pool.pool.get_nowait() is None  # the place of a connection that is to come
    assert lean.send_leanly(client, "rekognition")


def test_an_answer_that_ends_the_connection_ends_it(serve: Serve, connect: Connect, sent: list[bytes]) -> None:
    def script(server: Server, sock: socket.socket) -> None:
        for headers in ({}, {"Connection": "close"}):
            if server.read_request(sock):
                sock.sendall(reply(ANSWER, **headers))
        server.stopped.wait()

    server = serve(script=script)
    results = RekognitionResults(connect(server.url, read_timeout=5))
    for _ in range(3):
        assert results.get(SESSION_ID).session_id == SESSION_ID
    assert (server.connections, len(sent)) == (2, 1)


def test_what_tls_has_left_of_an_answer_is_not_the_next_calls(
    serve: Serve, connect: Connect, sent: list[bytes], tls: ssl.SSLContext
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
    assert (server.connections, len(sent)) == (2, 1)


def test_after_a_fault_the_next_call_has_a_new_connection(serve: Serve, connect: Connect, sent: list[bytes]) -> None:
    def script(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(reply(ANSWER))
        server.read_request(sock)

    server = serve(script=script)
    client = connect(server.url)
    results = RekognitionResults(client)
    for number in range(3):
        results.get(SESSION_ID)
        with pytest.raises(ConnectionFailed):
            results.get(SESSION_ID)
        assert (server.connections, len(sent)) == (number + 1, number + 1)
    assert free_places(client) == 5


def test_an_answer_that_comes_too_late_is_not_the_next_calls(
    serve: Serve, connect: Connect, sent: list[bytes]
) -> None:
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
    results = RekognitionResults(connect(server.url, read_timeout=0.2))
    results.get(SESSION_ID)
    with pytest.raises(CallTimedOut):
        results.get(SESSION_ID)
    assert results.get(SESSION_ID).status is SessionStatus.IN_PROGRESS
    assert (server.connections, len(sent)) == (2, 1)


@BOTH_WAYS
def test_many_threads_have_a_connection_each_and_the_pool_stays_whole(
    serve: Serve, connect: Connect, way: str
) -> None:
    together = threading.Barrier(4, timeout=10)

    def script(server: Server, sock: socket.socket) -> None:
        while server.read_request(sock):
            together.wait()
            sock.sendall(reply(ANSWER))

    server = serve(script=script)
    client = connect(server.url, read_timeout=10) if way == "stock" else make_warm(server, connect)
    results = RekognitionResults(client)

    def work() -> None:
        for _ in range(3):
            results.get(SESSION_ID)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (server.connections, len(server.requests)) == (4, 12)
    assert free_places(client) == 5


def make_warm(server: Server, connect: Connect) -> Any:
    """A client that may open further connections as well."""
    client = connect(server.url, read_timeout=10)
    del client._endpoint.http_session.send
    return client


def free_places(client: Any) -> int:
    """Of the pool of four workers and the probe."""
    pool = client._endpoint.http_session._manager.connection_from_url(client.meta.endpoint_url)
    size: int = pool.pool.qsize()
    return size


def test_a_closed_client_that_is_used_again_opens_connections_again(serve: Serve, connect: Connect) -> None:
    server = serve(reply(ANSWER))
    results = RekognitionResults(connect(server.url))
    for connections in (1, 2):
        for _ in range(2):
            results.get(SESSION_ID)
        results.close()
        assert server.connections == connections
