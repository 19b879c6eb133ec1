"""Connections that are lent to calls: which is reused, how many are kept, and what is sent again."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from threading import Event, Thread

import pytest

from tests.integration.support.servers import Script, Server, reply
from watcher.bounded_http import connection
from watcher.bounded_http.connector import Connector
from watcher.bounded_http.deadline import Deadline
from watcher.bounded_http.errors import ConnectionBroken
from watcher.bounded_http.http1 import Head, Response
from watcher.bounded_http.limits import LIMITS
from watcher.bounded_http.origin import split
from watcher.bounded_http.pool import Pool
from watcher.bounded_http.tls import Tls

Serve = Callable[..., Server]
PLENTY = 30.0
REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
OK = reply(b"ok")


@pytest.fixture
def pool_of() -> Iterator[Callable[..., Pool]]:
    """Makes pools for servers, and closes them."""
    with ExitStack() as stack:

        def make(server: Server, size: int = 1) -> Pool:
            connector = Connector(split(server.url)[0], None, Tls())
            return stack.enter_context(closing(Pool(connector.open, size)))

        yield make


PoolOf = Callable[..., Pool]


def call(pool: Pool) -> Response:
    return pool.call(REQUEST, "POST", Deadline(PLENTY, PLENTY), 1000)


def head_of(pool: Pool) -> Head:
    return pool.call_for_head(REQUEST, "POST", Deadline(PLENTY, PLENTY))


def answering(*answers: bytes) -> Script:
    """Each connection has these answers, and then ends."""

    def script(server: Server, sock: socket.socket) -> None:
        for answer in answers:
            if not server.read_request(sock):
                return
            sock.sendall(answer)

    return script


def test_calls_one_after_another_share_a_connection(serve: Serve, pool_of: PoolOf) -> None:
    server = serve(OK)
    pool = pool_of(server)
    assert [b"".join(call(pool).stream()) for _ in range(5)] == [b"ok"] * 5
    assert (server.connections, len(server.requests)) == (1, 5)


@pytest.mark.parametrize(("size", "opened"), [(1, 5), (3, 3)])
def test_no_more_idle_connections_are_kept_than_set(serve: Serve, pool_of: PoolOf, size: int, opened: int) -> None:
    """Three calls at once, and then three more."""
    arrived, release = [Event() for _ in range(6)], [Event() for _ in range(2)]

    def script(server: Server, sock: socket.socket) -> None:
        while server.read_request(sock):
            number = len(server.requests) - 1
            arrived[number].set()
            assert release[number // 3].wait(PLENTY)
            sock.sendall(OK)

    server = serve(script=script)
    pool = pool_of(server, size)
    for turn in range(2):
        threads = []
        for number in range(3):
            threads.append(Thread(target=call, args=(pool,)))
            threads[-1].start()
            assert arrived[turn * 3 + number].wait(PLENTY)
        release[turn].set()
        for thread in threads:
            thread.join(PLENTY)
    assert server.connections == opened


def test_a_connection_that_ended_while_it_was_idle_is_replaced(serve: Serve, pool_of: PoolOf) -> None:
    server = serve(script=answering(OK))
    pool = pool_of(server)
    for _ in range(3):
        assert call(pool).status == 200
    assert server.connections == 3


def test_an_answer_that_ends_the_connection_ends_it(serve: Serve, pool_of: PoolOf) -> None:
    server = serve(reply(b"ok", Connection="close"))
    pool = pool_of(server)
    for _ in range(2):
        assert call(pool).status == 200
    assert server.connections == 2


@pytest.mark.parametrize(("begun", "sent"), [(b"", 3), (b"H", 2)])
def test_a_request_is_sent_once_more_only_if_no_byte_of_an_answer_came(
    serve: Serve, pool_of: PoolOf, begun: bytes, sent: int
) -> None:
    """The first connection ends with the second request on it, the others are fine."""

    def script(server: Server, sock: socket.socket) -> None:
        is_first = server.connections == 1
        while server.read_request(sock):
            if is_first and len(server.requests) == 2:
                sock.sendall(begun)
                return
            sock.sendall(OK)

    server = serve(script=script)
    pool = pool_of(server)
    call(pool)
    if begun:
        with pytest.raises(ConnectionBroken):
            call(pool)
    else:
        assert call(pool).status == 200
    assert len(server.requests) == sent


def test_a_new_connection_that_brings_nothing_is_not_tried_again(serve: Serve, pool_of: PoolOf) -> None:
    server = serve(script=answering(b""))
    with pytest.raises(ConnectionBroken) as caught:
        call(pool_of(server))
    assert caught.value.is_unanswered
    assert server.connections == 1


def test_a_head_is_returned_before_its_body_and_the_connection_reused(
    serve: Serve, pool_of: PoolOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LIMITS", LIMITS._replace(finish_seconds=PLENTY))
    may_end = Event()

    def script(server: Server, sock: socket.socket) -> None:
        while server.read_request(sock):
            sock.sendall(OK[:-2])
            assert may_end.wait(PLENTY)
            sock.sendall(OK[-2:])

    server = serve(script=script)
    pool = pool_of(server)
    assert head_of(pool).status == 200
    may_end.set()
    assert [head_of(pool).status for _ in range(3)] == [200] * 3
    assert server.connections == 1


def test_a_large_head_is_not_worth_keeping_its_connection(serve: Serve, pool_of: PoolOf) -> None:
    server = serve(reply(b"", **{"X-Padding": "x" * LIMITS.unread_response}))
    pool = pool_of(server)
    assert [head_of(pool).status for _ in range(2)] == [200] * 2
    assert server.connections == 2


def test_a_closed_pool_has_no_connection_left_and_opens_new_ones(serve: Serve, pool_of: PoolOf) -> None:
    server = serve(OK)
    pool = pool_of(server)
    call(pool)
    pool.close()
    assert server.hung_up.wait(PLENTY)
    assert call(pool).status == 200
    assert server.connections == 2
