"""Connecting to a name that may have several addresses, within one time-out for all of them."""

import socket
from collections.abc import Callable, Sequence
from typing import Any

from urllib3.util.connection import allowed_gai_family

SocketOptions = Sequence[tuple[int, int, int | bytes]]

# NAT gateways and load balancers of AWS forget idle connections after 350 s; Linux would only ask after 7200 s.
_KEEPALIVE = {"TCP_KEEPIDLE": 45, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


def keepalive_options() -> SocketOptions:
    """Socket options for keep-alive probes that come early enough, as far as this platform has them."""
    return [
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in _KEEPALIVE.items()
        if hasattr(socket, name)
    ]


def connect_to_any(name: str, port: int, options: SocketOptions, left: Callable[[], float | None]) -> socket.socket:
    """A connection to the first address of `name` that takes one.

    `left()` tells the seconds that are left for all of them (None: no limit). Every address but the last gets half,
    so that a dead one leaves time for the next.

    Raises:
        TimeoutError: not in time.
        OSError: what the last address, or the resolver, had against it.
    """
    addresses = socket.getaddrinfo(name, port, allowed_gai_family(), socket.SOCK_STREAM)
    failure = OSError("the name has no address")
    for tried, address in enumerate(addresses, start=1):
        seconds = left()
        if seconds is not None and tried < len(addresses):
            seconds /= 2
        try:
            return _connect(address, options, seconds)
        except OSError as error:
            failure = error
    raise failure


def _connect(address: tuple[Any, ...], options: SocketOptions, seconds: float | None) -> socket.socket:
    family, kind, protocol, _, target = address
    sock = socket.socket(family, kind, protocol)
    try:
        for option in options:
            sock.setsockopt(*option)
        sock.settimeout(seconds)
        sock.connect(target)
    except BaseException:
        sock.close()
        raise
    return sock
