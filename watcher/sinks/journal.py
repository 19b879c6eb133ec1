"""Decisions in systemd's journal, a record each, under an identifier of their own.

A unit has one identifier for both standard output and standard error, which would not separate decisions from logs:
hence the journal's native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/). systemd itself holds the socket, so
what is sent while journald restarts waits there.
"""

import errno
import fcntl
import os
import socket
from collections.abc import Sequence
from contextlib import closing

from watcher.domain.errors import SinkError
from watcher.domain.event_result import DELIVERED, EventResult
from watcher.domain.model import DecisionEvent
from watcher.util.text import escaped_json

SOCKET = "/run/systemd/journal/socket"
IDENTIFIER = "liveness-decisions"
"""For `journalctl -t`."""

_FIELDS = f"SYSLOG_IDENTIFIER={IDENTIFIER}\nPRIORITY=6\nMESSAGE="
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
"""The journal reads a file only if nobody can change it any more."""

_TOO_LARGE = (errno.EMSGSIZE, errno.ENOBUFS)


class JournalSink:
    """One record for each event. A full socket waits for journald."""

    max_batch = 100

    def __init__(self, name: str, path: str = SOCKET) -> None:
        """`path`: the journal's socket.

        Raises:
            SinkError: it can't be reached.
        """
        self.name = name
        self._path = path
        self._connect().close()

    def emit(self, events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        """Send a record for each event.

        Raises:
            SinkError: the journal can't be reached. Events before the failed one come twice after the next attempt.
        """
        with closing(self._connect()) as journal:
            try:
                for event in events:
                    _send(journal, f"{_FIELDS}{escaped_json(event.body)}\n".encode())
            except OSError as error:
                raise SinkError(f"{self._path}: {error.strerror or error}") from error
        return [DELIVERED] * len(events)

    def _connect(self) -> socket.socket:
        """Anew for each batch: a socket that systemd has replaced is found again."""
        try:
            journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                journal.connect(self._path)
            except OSError:
                journal.close()
                raise
        except OSError as error:
            raise SinkError(f"{self._path}: {error.strerror or error}") from error
        return journal

    def close(self) -> None:
        """Nothing is kept open."""


def _send(journal: socket.socket, record: bytes) -> None:
    """As a datagram, or as a file in memory if it is larger than one may be (about 200 KB)."""
    try:
        journal.send(record)
    except OSError as error:
        if error.errno not in _TOO_LARGE:
            raise
        with open(os.memfd_create("decision", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC), "wb") as file:  # noqa: PTH123
            file.write(record)
            file.flush()
            fcntl.fcntl(file.fileno(), fcntl.F_ADD_SEALS, _SEALS)
            socket.send_fds(journal, [], [file.fileno()])
