"""Connecting to a name that may have several addresses, within one time-out for all of them."""

import socket
from collections.abc import Callable, Sequence
from typing import Any

Address = tuple[Any, ...]
"""An entry of getaddrinfo's answer."""

Resolver = Callable[[str, int], Sequence[Address]]
"""The addresses of a name, for a port. Raises OSError if there are none."""

# AWS's NAT gateways and load balancers drop idle connections after 350 s; Linux would only probe after 7200 s.
_KEEPALIVE = {"TCP_KEEPIDLE": 45, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


def socket_options() -> list[tuple[int, int, int]]:
    """No delay for small packets, and early enough keep-alive probes, if the platform supports them."""
    return [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        *(
            (socket.IPPROTO_TCP, getattr(socket, name), value)
            for name, value in _KEEPALIVE.items()
            if hasattr(socket, name)
        ),
    ]


def resolve(name: str, port: int) -> Sequence[Address]:
    """The addresses of a name, in the resolver's order. A final dot keeps the resolver from its search domains."""
    family = socket.AF_UNSPEC if socket.has_ipv6 else socket.AF_INET
    return socket.getaddrinfo(name, port, family, socket.SOCK_STREAM)


def connect_to_any(addresses: Sequence[Address], left: Callable[[], float | None]) -> socket.socket:
    """A connection to the first of the addresses that accepts one.

    `left()` returns the seconds left for all of them (None: no limit). Every address but the last gets half of that,
    so that a dead one leaves time for the next.

    Raises:
        TimeoutError: not in time.
        OSError: the last address's failure.
    """
    failure = OSError("the name has no address")
    for tried, address in enumerate(addresses, start=1):
        seconds = left()
        if seconds is not None and tried < len(addresses):
            seconds /= 2
        try:
            return _connect(address, seconds)
        except OSError as error:
            failure = error
    raise failure


def _connect(address: Address, seconds: float | None) -> socket.socket:
    family, kind, protocol, _, target = address
    sock = socket.socket(family, kind, protocol)
    try:
        for option in socket_options():
            sock.setsockopt(*option)
        sock.settimeout(seconds)
        sock.connect(target)
    except BaseException:
        sock.close()
        raise
    return sock
