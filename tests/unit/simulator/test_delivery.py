import socket
from collections.abc import Iterator

import pytest

from watcher.simulator.delivery import deliver
from watcher.simulator.faults import Delivery
from watcher.simulator.service import TimedReply
from watcher.simulator.wire import reply

Pair = tuple[socket.socket, socket.socket]
GOOD = reply(200, b'{"Status":"CREATED"}')


@pytest.fixture
def pair() -> Iterator[Pair]:
    """The client's and the server's end of a connection."""
    client, server = socket.socketpair()
    client.settimeout(1)
    with client, server:
        yield client, server


class Waits:
    """Takes the place of waiting; says after so many waits that the server stops."""

    def __init__(self, stop_after: int = 1_000_000) -> None:
        self.seconds: list[float] = []
        self._stop_after = stop_after

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return len(self.seconds) >= self._stop_after


def received(client: socket.socket, server: socket.socket) -> tuple[str, bytes]:
    server.close()
    data = b"".join(iter(lambda: client.recv(65_536), b""))
    head, _, body = data.partition(b"\r\n\r\n")
    return head.decode(), body


def test_a_good_answer_goes_out_at_once_and_keeps_the_connection(pair: Pair) -> None:
    client, server = pair
    waits = Waits()
    assert deliver(server, TimedReply(GOOD), waits, keep_alive=True) is True
    assert received(client, server)[1] == GOOD.body
    assert waits.seconds == []


def test_latency_comes_before_the_answer(pair: Pair) -> None:
    client, server = pair
    waits = Waits()
    deliver(server, TimedReply(GOOD, latency=3.5), waits, keep_alive=True)
    assert waits.seconds == [3.5]
    assert received(client, server)[1] == GOOD.body


def test_a_server_that_stops_ends_a_latency_without_an_answer(pair: Pair) -> None:
    client, server = pair
    assert deliver(server, TimedReply(GOOD, latency=3.5), Waits(stop_after=1), keep_alive=True) is False
    assert received(client, server) == ("", b"")


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [("blank_body", "200 OK", b""), ("garbage_body", "200 OK", b"<html>"), ("http_error", "503 Service", b"<html>")],
)
def test_a_wrong_answer_is_well_formed_http(pair: Pair, kind: str, status: str, body: bytes) -> None:
    client, server = pair
    assert deliver(server, TimedReply(GOOD, delivery=Delivery(kind, http=503)), Waits(), keep_alive=True) is True
    head, got = received(client, server)
    assert head.startswith(f"HTTP/1.1 {status}")
    assert f"Content-Length: {len(got)}" in head
    assert got.startswith(body)
    assert bool(got) is bool(body)


def test_a_truncated_body_promises_more_than_it_gives(pair: Pair) -> None:
    client, server = pair
    outcome = TimedReply(GOOD, delivery=Delivery("truncated_body"))
    assert deliver(server, outcome, Waits(), keep_alive=True) is False
    head, body = received(client, server)
    assert f"Content-Length: {len(GOOD.body)}" in head
    assert body == GOOD.body[: len(GOOD.body) // 2]


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_drip_waits_before_each_byte_of_its_part_and_sends_all(pair: Pair, part: str) -> None:
    client, server = pair
    waits = Waits()
    outcome = TimedReply(GOOD, delivery=Delivery("drip", 2.0, part))
    assert deliver(server, outcome, waits, keep_alive=True) is True
    head, body = received(client, server)
    assert body == GOOD.body
    assert waits.seconds == [2.0] * (len(body) if part == "body" else len(head) + len("\r\n\r\n"))


def test_a_server_that_stops_ends_a_drip(pair: Pair) -> None:
    client, server = pair
    outcome = TimedReply(GOOD, delivery=Delivery("drip", 2.0, "body"))
    assert deliver(server, outcome, Waits(stop_after=5), keep_alive=True) is False
    assert received(client, server)[1] == GOOD.body[:4]


def test_a_stall_says_nothing_and_ends_when_the_client_hangs_up(pair: Pair) -> None:
    client, server = pair
    client.shutdown(socket.SHUT_WR)
    assert deliver(server, TimedReply(GOOD, delivery=Delivery("stall", 60.0)), Waits(), keep_alive=True) is False
    assert received(client, server) == ("", b"")


def test_a_stall_ends_when_its_time_is_over(pair: Pair) -> None:
    client, server = pair
    assert deliver(server, TimedReply(GOOD, delivery=Delivery("stall", 0.01)), Waits(), keep_alive=True) is False
    assert received(client, server) == ("", b"")
