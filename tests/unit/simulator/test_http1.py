import socket
from collections.abc import Iterator

import pytest

from watcher.simulator.http1 import BadRequestError, RequestReader, frame
from watcher.simulator.limits import LIMITS
from watcher.simulator.wire import Reply

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """The client's and the server's end of a connection."""
    client, server = socket.socketpair()
    server.settimeout(1)
    client.settimeout(1)
    with client, server:
        yield client, server


def test_requests_on_one_connection_are_read_one_after_the_other(pair: Pair) -> None:
    client, server = pair
    client.sendall(b"POST /?a=b HTTP/1.1\r\nX-Amz-Target: T\r\ncontent-LENGTH: 2\r\n\r\n{}GET / HTTP/1.1\r\n\r\n")
    client.shutdown(socket.SHUT_WR)
    reader = RequestReader(server)
    first, second = reader.next(), reader.next()
    assert first is not None
    assert (first.method, first.path, first.headers["x-amz-target"], first.body) == ("POST", "/", "T", b"{}")
    assert second is not None
    assert (second.method, second.body) == ("GET", b"")
    assert reader.next() is None


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [
        ("1.1", "", True),
        ("1.1", "Connection: close\r\n", False),
        ("1.1", "Connection: Keep-Alive\r\n", True),
        ("1.0", "", False),
        ("1.0", "Connection: keep-alive\r\n", True),
    ],
)
def test_a_connection_is_kept_as_the_client_wants(pair: Pair, version: str, connection: str, kept: bool) -> None:
    client, server = pair
    client.sendall(f"GET / HTTP/{version}\r\n{connection}\r\n".encode())
    request = RequestReader(server).next()
    assert request is not None
    assert request.keep_alive is kept


def test_a_client_that_asks_first_is_told_to_go_on(pair: Pair) -> None:
    client, server = pair
    client.sendall(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}")
    assert RequestReader(server).next() is not None
    assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_a_body_cut_off_is_the_end_of_the_connection(pair: Pair) -> None:
    client, server = pair
    client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{}")
    client.shutdown(socket.SHUT_WR)
    assert RequestReader(server).next() is None


@pytest.mark.parametrize(
    ("sent", "http"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET / SPDY/3\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (f"POST / HTTP/1.1\r\nContent-Length: {'9' * LIMITS.length_digits}\r\n\r\n".encode(), 413),
        (f"POST / HTTP/1.1\r\nContent-Length: {'9' * (LIMITS.length_digits + 1)}\r\n\r\n".encode(), 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (f"POST / HTTP/1.1\r\nContent-Length: {LIMITS.body + 1}\r\n\r\n".encode(), 413),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * (LIMITS.head + 1), 431),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_right_status(pair: Pair, sent: bytes, http: int) -> None:
    client, server = pair
    client.sendall(sent)
    with pytest.raises(BadRequestError) as caught:
        RequestReader(server).next()
    assert caught.value.http == http


def test_an_answer_is_framed_with_its_length() -> None:
    head, body = frame(Reply(200, b"{}", (("Content-Type", "x"),)), keep_alive=False)
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    assert {"Content-Type: x", "Content-Length: 2", "Connection: close"} < set(lines)
    assert lines[-2:] == ["", ""]
    assert body == b"{}"
