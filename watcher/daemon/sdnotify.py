"""systemd's notification protocol (sd_notify(3)): one datagram to $NOTIFY_SOCKET for each piece of news."""

import os
import socket
from collections.abc import MutableMapping
from typing import Self

import structlog

log = structlog.get_logger(__name__)

SEND_TIMEOUT = 1.0
"""Seconds that a service manager too busy to read may hold the caller up."""

MAX_VALUE = 1000
"""Characters of a value: systemd drops a datagram of more than 4,096 bytes as a whole, and one has 4 of them."""


class Notifier:
    """Tells the service manager what goes on. Without one it does nothing, and it never raises."""

    def __init__(self, address: str = "", watchdog: float | None = None) -> None:
        """`address`: a socket's path, or `@name` for an abstract one; empty: nobody listens.

        `watchdog`: seconds without a sign of life after which the service manager ends this process; None: it won't.
        """
        self.watchdog = watchdog
        self._address = address
        self._has_failed = False

    @classmethod
    def take(cls, environ: MutableMapping[str, str]) -> Self:
        """The one that the environment names; its variables are taken out, for they are not meant for children."""
        address, usec, pid = (environ.pop(name, "") for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"))
        is_ours = not pid or pid == str(os.getpid())
        watchdog = int(usec) / 1e6 if is_ours and usec.isdecimal() and int(usec) else None
        return cls(address, watchdog)

    @property
    def is_heard(self) -> bool:
        """Whether there is a service manager."""
        return bool(self._address)

    def tell(self, **variables: object) -> None:
        """Send these variables together: `tell(READY=1, STATUS="watching")`. One that can't be sent is dropped."""
        if not self._address:
            return
        text = "\n".join(f"{name}={_one_line(str(value))}" for name, value in variables.items())
        try:
            self._send(text.encode(errors="replace"))
        except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
            if not self._has_failed:
                self._has_failed = True
                log.warning(
                    "systemd_notify_failed", socket=self._address, error=str(error), consequence="systemd isn't told"
                )

    def failed(self, error: BaseException) -> None:
        """The process ends with this error; where an OSError is behind it, its number is told, too."""
        cause: BaseException | None = error
        while cause is not None and not (isinstance(cause, OSError) and cause.errno):
            cause = cause.__cause__
        number = {"ERRNO": cause.errno} if isinstance(cause, OSError) else {}
        self.tell(STATUS=f"failed: {error}", **number)

    def _send(self, datagram: bytes) -> None:
        if self._address[0] not in "/@":
            raise OSError(f"{self._address} is neither a path nor an abstract name")
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        # One for each datagram: a few a minute, and none that a restarted service manager doesn't know any more.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.settimeout(SEND_TIMEOUT)
            sender.connect(address)
            sender.send(datagram)


def _one_line(value: str) -> str:
    """A line break would begin another variable."""
    return "".join(letter if letter.isprintable() else " " for letter in value)[:MAX_VALUE]
