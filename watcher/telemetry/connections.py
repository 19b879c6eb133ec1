"""Connections of the HTTP server: few and short, so that clients can't use up the file descriptors."""

import socket
from contextlib import suppress
from threading import Condition
from time import monotonic

from watcher.util.machine_faults import open_files_limit

MOST = 64
"""Maximum connections. Each takes a thread and a file descriptor, of which a process often has 1,024; a kubelet, a
Prometheus and a person need three."""

LONGEST = 10.0
"""Maximum seconds from accepting a connection to its end: it carries one request, and an answer takes
milliseconds."""

ROOM_WAIT = 1.0
"""Maximum seconds that a new connection waits for an older one's thread to close it."""


class Connections:
    """The open ones, oldest first. New ones are always accepted: probes are new, and idle connections are old."""

    def __init__(self, most: int = MOST, longest: float = LONGEST) -> None:
        self._most = most
        self._longest = longest
        self._since: dict[socket.socket, float] = {}
        self._changed = Condition()

    def __len__(self) -> int:
        return len(self._since)

    def add(self, connection: socket.socket) -> None:
        """Add a new one; if there are too many, the oldest is ended first, and waited for."""
        with self._changed:
            most = self._most_now()
            while len(self._since) >= most:
                _end(next(iter(self._since)))
                if not self._changed.wait(ROOM_WAIT):
                    break  # its thread is computing an answer, and will find the connection closed
            self._since[connection] = monotonic()

    def remove(self, connection: socket.socket) -> None:
        """Remove a closed one."""
        with self._changed:
            self._since.pop(connection, None)
            self._changed.notify_all()

    def _most_now(self) -> int:
        """Maximum connections under the limit of open files, which can be changed at any time (prlimit(1)).

        Where few are allowed (`ulimit -n 256`), the rest is for calls, sinks and the database.
        """
        limit = open_files_limit()
        return self._most if limit is None else min(self._most, max(3, limit // 8))

    def end_old(self) -> None:
        """End those that have been open too long."""
        with self._changed:
            for connection, since in self._since.items():
                if monotonic() - since < self._longest:
                    break
                _end(connection)


def _end(connection: socket.socket) -> None:
    """Wake the thread that reads or writes a connection; that thread closes it."""
    with suppress(OSError):  # the client has already ended it
        connection.shutdown(socket.SHUT_RDWR)
