"""Connecting to the first of several addresses that accepts, within one time for all of them."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from watcher.bounded_http.connect import Address, connect_to_any, resolve, socket_options

PLENTY = 30.0


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def address(port: int, host: str = "127.0.0.1") -> Address:
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))


def listening(opened: ExitStack) -> int:
    listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
    return int(listener.getsockname()[1])


def refusing() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def hanging(opened: ExitStack) -> int:
    """A port where connecting takes forever: it listens, takes nobody, and its queue is full."""
    listener = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
    for _ in range(4):
        filler = opened.enter_context(socket.socket())
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    return int(listener.getsockname()[1])


def test_the_first_address_that_accepts_is_used(opened: ExitStack) -> None:
    ports = [refusing(), listening(opened), listening(opened)]
    with closing(connect_to_any([address(port) for port in ports], lambda: PLENTY)) as sock:
        assert sock.getpeername()[1] == ports[1]


def test_without_an_address_that_accepts_the_last_failure_is_told(opened: ExitStack) -> None:
    with pytest.raises(ConnectionRefusedError):
        connect_to_any([address(refusing()), address(refusing())], lambda: None)
    with pytest.raises(TimeoutError):
        connect_to_any([address(refusing()), address(hanging(opened))], lambda: 0.01)
    with pytest.raises(OSError, match="the name has no address"):
        connect_to_any([], lambda: PLENTY)


def test_an_address_has_half_of_the_time_and_the_last_one_all_that_is_left(
    opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float | None] = []

    class Noted(socket.socket):
        def settimeout(self, value: float | None) -> None:
            limits.append(value)
            super().settimeout(value)

    ports, left = [refusing(), refusing(), listening(opened)], iter([8.0, 7.0, 6.0])
    monkeypatch.setattr(socket, "socket", Noted)
    with closing(connect_to_any([address(port) for port in ports], lambda: next(left))):
        assert limits == [4.0, 3.5, 6.0]


def test_an_address_that_hangs_leaves_time_for_the_next(opened: ExitStack) -> None:
    left = iter([0.02, PLENTY])
    addresses = [address(hanging(opened)), address(listening(opened))]
    connect_to_any(addresses, lambda: next(left)).close()
    left = iter([0.01] * 3)
    with pytest.raises(TimeoutError):
        connect_to_any([address(hanging(opened))] * 3, lambda: next(left))
    assert list(left) == [], "each address was tried"


def test_a_connection_has_its_options_and_without_a_limit_no_time_out(opened: ExitStack) -> None:
    with closing(connect_to_any([address(listening(opened))], lambda: None)) as sock:
        assert sock.gettimeout() is None
        for level, option, value in socket_options():
            assert bool(sock.getsockopt(level, option)) is bool(value)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPIDLE"), reason="this platform has no such option")
def test_probes_begin_long_before_a_nat_forgets_the_connection(opened: ExitStack) -> None:
    with closing(connect_to_any([address(listening(opened))], lambda: None)) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) < 350 / 2


def test_a_name_is_resolved_for_a_port_and_one_that_does_not_exist_is_an_error() -> None:
    found = resolve("localhost", 8080)
    assert found
    assert {(kind, target[1]) for _, kind, _, _, target in found} == {(socket.SOCK_STREAM, 8080)}
    assert [target[0] for *_, target in resolve("127.0.0.1", 1)] == ["127.0.0.1"]
    with pytest.raises(OSError, match=r".+"):
        resolve("no-such-host.invalid", 80)
