"""The HTTP server's connections: over real sockets, for the kernel's part in it."""

import errno
import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import TCPServer
from threading import Thread

import pytest
from prometheus_client import CollectorRegistry

from tests.unit.support.fakes import PATIENCE
from watcher.telemetry import http_server as httpd
from watcher.telemetry.connections import MOST, Connections
from watcher.telemetry.health import Beat
from watcher.telemetry.http_server import EXHAUSTED_PAUSE, HealthServer
from watcher.util.clock import SystemClock


@contextmanager
def serving() -> Iterator[HealthServer]:
    server = HealthServer("127.0.0.1", 0, CollectorRegistry(), list, dict)
    thread = Thread(target=server.run, args=(Beat(SystemClock(), "http"),))
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def connect(server: HealthServer) -> socket.socket:
    return socket.create_connection((server.host, server.port), PATIENCE)


def status(server: HealthServer) -> int:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status
    finally:
        connection.close()


def drip(client: socket.socket) -> None:
    """Send a byte of a request now and then, until the server ends it."""
    while True:
        client.sendall(b"G")
        time.sleep(0.01)


def pair() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    theirs.settimeout(PATIENCE)
    return ours, theirs


def test_a_new_connection_ends_the_oldest_where_there_are_too_many() -> None:
    connections = Connections(most=2)
    pairs = [pair() for _ in range(3)]

    def close_when_ended() -> None:
        pairs[0][0].recv(1)
        connections.remove(pairs[0][0])

    closer = Thread(target=close_when_ended)
    closer.start()
    for ours, _ in pairs:
        connections.add(ours)
    closer.join(PATIENCE)
    assert pairs[0][1].recv(1) == b""
    assert len(connections) == 2
    for ours, theirs in pairs:
        ours.close()
        theirs.close()


def test_only_those_that_are_open_for_too_long_are_ended() -> None:
    connections = Connections(longest=3600.0)
    ours, theirs = pair()
    connections.add(ours)
    connections.end_old()
    ours.send(b"x")
    assert theirs.recv(1) == b"x"
    hasty = Connections(longest=0.0)
    hasty.add(ours)
    hasty.end_old()
    assert theirs.recv(1) == b""
    hasty.remove(ours)
    assert len(hasty) == 0
    ours.close()
    theirs.close()


def test_a_probe_is_answered_while_hundreds_of_connections_idle_and_there_are_never_more_than_the_limit() -> None:
    with serving() as server:
        idle = [connect(server) for _ in range(MOST * 3)]
        try:
            assert [status(server) for _ in range(5)] == [200] * 5
            assert len(server.connections) <= MOST
        finally:
            for client in idle:
                client.close()


def test_few_descriptors_are_left_to_the_rest_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.telemetry.connections.open_files_limit", lambda: 64)
    with serving() as server:
        idle = [connect(server) for _ in range(MOST)]
        try:
            assert [status(server) for _ in range(5)] == [200] * 5
            assert len(server.connections) <= 8
        finally:
            for client in idle:
                client.close()


@pytest.mark.parametrize("limit", [0, 8, 20])
def test_three_connections_are_allowed_however_low_the_limit(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr("watcher.telemetry.connections.open_files_limit", lambda: limit)
    connections, pairs = Connections(), [pair() for _ in range(3)]
    for ours, theirs in pairs:
        connections.add(ours)
        theirs.setblocking(False)
    for _, theirs in pairs:
        with pytest.raises(BlockingIOError):  # it was not ended
            theirs.recv(1)
    for ours, theirs in pairs:
        ours.close()
        theirs.close()


def test_a_client_that_drips_is_ended_although_each_byte_comes_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpd, "Connections", lambda: Connections(longest=0.2))
    with serving() as server, connect(server) as client:
        with pytest.raises(OSError, match=r"reset|pipe"):
            drip(client)
        assert status(server) == 200


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_a_process_without_free_descriptors_does_not_spin_and_serves_again_later(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    pauses: list[float] = []
    accept = TCPServer.get_request
    failures = [OSError(number, "no room")] * 3

    def get_request(server: TCPServer) -> tuple[socket.socket, object]:
        if failures:
            raise failures.pop()
        return accept(server)

    monkeypatch.setattr(TCPServer, "get_request", get_request)
    monkeypatch.setattr("watcher.telemetry.http_server.sleep", pauses.append)
    with serving() as server:
        assert status(server) == 200
    assert pauses == [EXHAUSTED_PAUSE] * 3
