"""The simulator's HTTP server: real connections, a handler that answers with what was asked."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import pytest

from watcher.simulator.faults import Delivery
from watcher.simulator.http1 import Request
from watcher.simulator.server import Handler, HttpServer
from watcher.simulator.service import TimedReply
from watcher.simulator.wire import reply

STALL = Delivery("stall", seconds=60.0)
NO_HTTP = b"hello\r\n\r\n"


def echo(request: Request) -> TimedReply:
    return TimedReply(reply(200, request.path.encode() + b" " + request.body))


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with closing(HttpServer(echo, "127.0.0.1", 0)) as server:
        yield server


def connected(server: HttpServer) -> HTTPConnection:
    return HTTPConnection(*server.address, timeout=10)


def answer_to(server: HttpServer, raw: bytes) -> bytes:
    """All that comes back until the server closes the connection."""
    with socket.create_connection(server.address, timeout=10) as connection:
        connection.sendall(raw)
        return b"".join(iter(lambda: connection.recv(1000), b""))


def test_a_connection_serves_one_request_after_the_other(server: HttpServer) -> None:
    with closing(connected(server)) as client:
        client.connect()
        first = client.sock
        for number in range(3):
            client.request("POST", f"/{number}", b"body")
            assert client.getresponse().read() == b"/%d body" % number
        assert client.sock is first


def test_requests_that_come_at_once_are_answered_in_order(server: HttpServer) -> None:
    last = b"GET /b HTTP/1.1\r\nConnection: close\r\n\r\n"
    answers = answer_to(server, b"GET /a HTTP/1.1\r\n\r\n" + last)
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert answers.index(b"/a ") < answers.index(b"/b ")


def test_a_silent_client_keeps_nobody_waiting(server: HttpServer) -> None:
    with socket.create_connection(server.address, timeout=10), closing(connected(server)) as client:
        client.request("GET", "/")
        assert client.getresponse().status == 200


def test_a_request_that_is_no_http_gets_an_answer_and_the_end_of_the_connection(server: HttpServer) -> None:
    assert answer_to(server, NO_HTTP).startswith(b"HTTP/1.1 400 Bad Request\r\n")


@pytest.mark.parametrize("digits", ["9" * 5_000, "0" * 5_000], ids=["9", "0"])
def test_a_length_of_thousands_of_digits_gets_an_answer_and_the_end_of_the_connection(
    server: HttpServer, digits: str
) -> None:
    answer = answer_to(server, f"POST / HTTP/1.1\r\nContent-Length: {digits}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.endswith(b"\r\n\r\nContent-Length is not a number")


def test_a_client_that_is_gone_ends_its_connection_alone(server: HttpServer) -> None:
    with socket.create_connection(server.address, timeout=10) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab")
    assert answer_to(server, NO_HTTP)


def test_both_families_of_addresses_can_be_served() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 on this machine")
    try:
        server = HttpServer(echo, "::1", 0)
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with closing(server), closing(connected(server)) as client:
        assert server.address[0] == "::1"
        client.request("GET", "/six")
        assert client.getresponse().read() == b"/six "


def test_an_address_in_use_is_an_error(server: HttpServer) -> None:
    with pytest.raises(OSError, match="in use"):
        HttpServer(echo, *server.address)


def closes_while_called(delivery_of: Handler) -> bytes:
    """What a client gets whose request is under way when the server closes."""
    taken = threading.Event()

    def handler(request: Request) -> TimedReply:
        taken.set()
        return delivery_of(request)

    server = HttpServer(handler, "127.0.0.1", 0)
    with socket.create_connection(server.address, timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert taken.wait(10)
        server.close()
        server.close()
        return connection.recv(1)


@pytest.mark.parametrize(
    "answer",
    [TimedReply(reply(200, b""), latency=60.0), TimedReply(reply(200, b""), delivery=STALL)],
    ids=["slow", "stalled"],
)
def test_closing_hangs_up_on_a_client_that_waits(answer: TimedReply) -> None:
    assert closes_while_called(lambda _: answer) == b""


def test_closing_ends_idle_connections_and_every_thread() -> None:
    before = set(threading.enumerate())
    server = HttpServer(echo, "127.0.0.1", 0)
    address = server.address
    with closing(connected(server)) as client:
        client.request("GET", "/")
        client.getresponse().read()
        own = set(threading.enumerate()) - before
        server.close()
        assert client.sock.recv(1) == b""
    assert (len(own), [thread for thread in own if thread.is_alive()]) == (2, [])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=10)


def test_a_connection_that_ended_leaves_no_thread(server: HttpServer) -> None:
    before = set(threading.enumerate())
    with socket.create_connection(server.address, timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.recv(1) == b"H"
        (serving,) = set(threading.enumerate()) - before
    serving.join(10)
    assert not serving.is_alive()
