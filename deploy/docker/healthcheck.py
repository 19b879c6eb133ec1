#!/opt/watcher/bin/python
"""The image's HEALTHCHECK: exit 0 if the watcher in this container answers /livez with 200.

The address is asked of the kernel, not of the settings: it is the right one however it was set (image, file,
variable, `--set`, port 0), also while a file that was changed, or spoilt, waits for its reload.
"""

import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path

TIMEOUT = 4.0
"""Seconds for one connect and one read; below the HEALTHCHECK's own, so that the reason is printed."""

LISTENING = "0A"
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - told apart, not bound


def own_sockets() -> Iterator[str]:
    """The numbers of the sockets of this user's processes, as the kernel's tables have them."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = str(link.readlink())
        except OSError:  # it ended or closed in between, or is somebody else's
            continue
        if target.startswith("socket:["):
            yield target[len("socket:[") : -1]


def listening(table: str, family: socket.AddressFamily, sockets: set[str]) -> Iterator[tuple[str, int]]:
    """Host and port of each listening socket in a table such as /proc/net/tcp, of those in `sockets`."""
    for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        address, _, port = fields[1].partition(":")
        if fields[3] == LISTENING and fields[9] in sockets:
            words = (int(address[start : start + 8], 16) for start in range(0, len(address), 8))
            host = socket.inet_ntop(family, b"".join(word.to_bytes(4, sys.byteorder) for word in words))
            yield LOOPBACK.get(host, host), int(port, 16)


def problem() -> str:
    """Why the watcher is not healthy; empty if it is."""
    sockets = set(own_sockets())
    found = [*listening("/proc/net/tcp", socket.AF_INET, sockets)]
    if Path("/proc/net/tcp6").exists():  # not where IPv6 is off
        found += listening("/proc/net/tcp6", socket.AF_INET6, sockets)
    if not found:
        return "the watcher listens nowhere"
    host, port = found[0]
    try:
        with closing(HTTPConnection(host, port, timeout=TIMEOUT)) as connection:
            connection.request("GET", "/livez")
            answer = connection.getresponse()
            body = answer.read().decode(errors="replace").strip()
    except (OSError, HTTPException) as error:
        return f"{host}:{port}/livez: {error}"
    return "" if answer.status == 200 else f"{host}:{port}/livez: {answer.status} {body}"


if __name__ == "__main__":
    why = problem()
    print(why or "ok")  # noqa: T201 - `docker inspect` shows it
    sys.exit(1 if why else 0)
