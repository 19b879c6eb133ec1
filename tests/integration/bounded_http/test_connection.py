"""One open connection: whose time an exchange uses, how it fails, and whether another call can follow."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, repeat

import pytest

from watcher.bounded_http.connection import DeadlineConnection
from watcher.bounded_http.deadline import Deadline
from watcher.bounded_http.errors import ConnectionBroken, HttpError, ReadTimedOut, ResponseTooLarge, TlsFailed
from watcher.bounded_http.http1 import Response, read_response
from watcher.bounded_http.limits import LIMITS

PLENTY = 30.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, DeadlineConnection]]:
    """The server's end of a connection, and the connection, which a call opened whose time is long over."""
    theirs, ours = socket.socketpair()
    times = chain([0.0], repeat(1e9))
    with theirs, ours:
        yield theirs, DeadlineConnection(ours, Deadline(PLENTY, PLENTY, lambda: next(times)))


def read(source: DeadlineConnection) -> Response:
    return read_response(source, "POST", 1000)


def exchange(connection: DeadlineConnection, seconds: float = PLENTY) -> Response:
    return connection.exchange(b"request", Deadline(PLENTY, seconds), read)


Ends = tuple[socket.socket, DeadlineConnection]


def test_a_request_is_sent_and_its_response_read(ends: Ends) -> None:
    server, connection = ends
    server.sendall(OK)
    response = exchange(connection)
    assert (response.status, b"".join(response.stream())) == (200, b"ok")
    assert server.recv(100) == b"request"


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200", OK[:-1]])
def test_what_does_not_come_in_time_is_a_time_out_whatever_has_come(ends: Ends, begun: bytes) -> None:
    server, connection = ends
    server.sendall(begun)
    with pytest.raises(ReadTimedOut):
        connection.exchange(b"request", Deadline(0.02, 0.02), read)


@pytest.mark.parametrize(
    ("answer", "is_unanswered"), [(b"", True), (b"H", False), (b"220 mail.example ESMTP\r\n\r\n", False)]
)
def test_a_server_that_hangs_up_or_does_not_speak_http_broke_the_connection(
    ends: Ends, answer: bytes, *, is_unanswered: bool
) -> None:
    server, connection = ends
    server.sendall(answer)
    server.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionBroken) as caught:
        exchange(connection)
    assert caught.value.is_unanswered is is_unanswered
    assert "mail" not in str(caught.value)


def test_an_answer_that_came_before_the_server_hung_up_is_read(ends: Ends) -> None:
    server, connection = ends
    server.sendall(OK)
    server.close()
    assert exchange(connection).status == 200


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ssl.SSLError(1, "broken"), TlsFailed),
        (ResponseTooLarge("9 MiB"), ResponseTooLarge),
        (ConnectionResetError(), ConnectionBroken),
    ],
)
def test_each_fault_of_a_read_has_its_kind(ends: Ends, error: Exception, expected: type[HttpError]) -> None:
    def fail(_: DeadlineConnection) -> None:
        raise error

    with pytest.raises(expected) as caught:
        ends[1].exchange(b"request", Deadline(PLENTY, PLENTY), fail)
    assert type(caught.value) is expected


def test_a_shorter_time_is_for_the_rest_of_that_response_only(ends: Ends) -> None:
    server, connection = ends

    def read_late(source: DeadlineConnection) -> Response:
        source.shorten(0.01)
        return read(source)

    with pytest.raises(ReadTimedOut):
        connection.exchange(b"request", Deadline(PLENTY, PLENTY), read_late)
    server.sendall(OK)
    assert exchange(connection).status == 200


@pytest.mark.parametrize("what", ["data", "the end"])
def test_a_connection_with_something_to_read_is_not_idle(ends: Ends, what: str) -> None:
    server, connection = ends
    assert connection.is_idle()
    if what == "data":
        server.sendall(b"x")
    else:
        server.shutdown(socket.SHUT_WR)
    assert not connection.is_idle()


@pytest.mark.parametrize(
    ("head", "rest", "is_finished"),
    [
        (OK, b"", True),
        (OK[:-2], b"ok", True),
        (OK[:-1], b"", False),
        (OK[:-2], b"ok, and more", False),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", b"", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"x" * LIMITS.unread_response, False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\nok\r\n0\r\n\r\n", True),
        (b"not HTTP\r\n\r\n", b"", False),
    ],
    ids=["whole", "the body comes", "a byte is missing", "too much", "closing", "large", "none", "chunks", "odd"],
)
def test_the_rest_of_a_response_that_nobody_needs_is_read_if_it_is_short(
    ends: Ends, head: bytes, rest: bytes, *, is_finished: bool
) -> None:
    server, connection = ends
    connection.leave_unread("POST", head)
    with suppress(OSError):
        server.sendall(rest)
    assert connection.finish_unread() is is_finished
    assert connection.finish_unread(), "nothing is left unread a second time"
