"""Whose socket a TCP client on this machine has, from Linux's tables of sockets (proc_pid_net(5))."""

import os
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

TABLES = Path("/proc/self/net")
"""The sockets of this network namespace. /proc/net is not there in a service with ProcSubset=pid."""

_ESTABLISHED = "01"
"""The state of a socket that can read an answer. The kernel lists closed ones as root's, whoever had them."""


def is_own_client(client: Any, server: Any, tables: Path = TABLES) -> bool:
    """Whether the client at this address, as accept returned it, belongs to this process's user or to root.

    `server`: the address that it is connected to. False if no table has the client: it is on another machine or in
    another network namespace, or this is not Linux.
    """
    return _owner(client, server, tables) in (os.geteuid(), 0)


def _owner(client: Any, server: Any, tables: Path) -> int | None:
    """The user id of the client's end of a connection; None if it is not known."""
    ends = _written(*client[:2]), _written(*server[:2])
    for table, local, remote in zip(("tcp6", "tcp"), *ends, strict=False):
        for line in _lines(tables / table):
            if f" {local} {remote} {_ESTABLISHED} " in line:
                return int(line.split()[7])  # after sl, both addresses, the state, queues, timer and retransmits
    return None


def _lines(table: Path) -> Iterator[str]:
    try:
        with table.open(encoding="ascii") as lines:
            yield from lines
    except OSError:
        return  # not Linux, or a machine without IPv6: nobody is found there


def _written(host: str, port: int) -> list[str]:
    """An address as tcp6 and as tcp have it, the latter only if it is an IPv4 one."""
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv4Address):
        address = IPv6Address(f"::ffff:{address}")
    forms = [address.packed, address.packed[12:]] if address.ipv4_mapped else [address.packed]
    return [f"{_hexadecimal(form)}:{port:04X}" for form in forms]


def _hexadecimal(packed: bytes) -> str:
    """Words of 32 bits, each as a number in this machine's byte order."""
    words = (packed[start : start + 4] for start in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
