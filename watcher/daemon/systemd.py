"""Reports the daemon's state to systemd: ready, alive, reloading, stopping, and a status line.

Uses its notification protocol (sd_notify(3)): one datagram to $NOTIFY_SOCKET for each message.
"""

import os
import socket
import time
from collections.abc import Callable, MutableMapping, Sequence
from threading import Lock
from typing import Self

import structlog

from watcher.domain.ports import Clock
from watcher.telemetry.health import Liveness
from watcher.telemetry.readiness import Readiness

log = structlog.get_logger(__name__)

SEND_TIMEOUT = 1.0
"""Maximum seconds that a busy service manager can block the caller."""

MAX_VALUE = 1000
"""Maximum characters of a value: systemd drops a datagram of more than 4,096 bytes, and one has up to 4 values."""

STATUS_INTERVAL = 5.0
"""Seconds between two status updates."""

FEEDS = 3
"""How often the watchdog is fed within its time, so that one late message does no harm."""

STOP_SLACK = 5.0
"""Seconds beyond the drain that a service manager has to allow: for closing files and connections, which the daemon
limits (`CLOSE_TIME`), and for the process to end. The units and manifests under deploy/ allow more."""


class Notifier:
    """Sends messages to the service manager. Without one it does nothing; it never raises."""

    def __init__(self, address: str = "", watchdog: float | None = None) -> None:
        """`address`: a socket's path, or `@name` for an abstract one; empty: no listener.

        `watchdog`: seconds without a sign of life after which the service manager ends this process; None: never.
        """
        self.watchdog = watchdog
        self._address = address
        self._has_failed = False

    @classmethod
    def take(cls, environ: MutableMapping[str, str]) -> Self:
        """The one that the environment names; removes its variables, which are not meant for child processes."""
        address, usec, pid = (environ.pop(name, "") for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"))
        is_ours = not pid or pid == str(os.getpid())
        watchdog = int(usec) / 1e6 if is_ours and usec.isdecimal() and int(usec) else None
        return cls(address, watchdog)

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
                    "systemd_notify_failed",
                    socket=self._address,
                    error=str(error),
                    consequence="systemd does not know the state",
                )

    def failed(self, error: BaseException) -> None:
        """The process ends with this error; also sends the number of an OSError that caused it."""
        cause: BaseException | None = error
        while cause is not None and not (isinstance(cause, OSError) and cause.errno):
            cause = cause.__cause__
        number = {"ERRNO": cause.errno} if isinstance(cause, OSError) else {}
        self.tell(STATUS=f"failed: {error}", **number)

    def _send(self, datagram: bytes) -> None:
        if self._address[0] not in "/@":
            raise OSError(f"{self._address} is neither a path nor an abstract name")
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        # A new socket for each datagram: only a few a minute, and never stale after a restart of the service manager.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.settimeout(SEND_TIMEOUT)
            sender.connect(address)
            sender.send(datagram)


class ServiceNotifier:
    """Reports for the daemon. Its main thread calls `tick`, so that a hung main thread is noticed, too."""

    def __init__(
        self,
        notifier: Notifier,
        clock: Clock,
        liveness: Liveness,
        readiness: Readiness,
        progress: Callable[[], str],
    ) -> None:
        """`progress` returns a short progress text."""
        self._notifier = notifier
        self._clock = clock
        self._liveness = liveness
        self._readiness = readiness
        self._progress = progress
        self._lock = Lock()  # another thread reports reloads: its READY must not overtake the stop
        self._is_stopping = False
        self._bad_settings = ""
        self._is_late = False
        self._slow: set[str] = set()
        self._next = 0.0

    @property
    def interval(self) -> float:
        """Maximum seconds between two ticks."""
        return min(STATUS_INTERVAL, (self._notifier.watchdog or STATUS_INTERVAL * FEEDS) / FEEDS)

    def ready(self) -> None:
        """Everything runs."""
        self._notifier.tell(READY=1, STATUS=self._status())

    def tick(self) -> None:
        """The main thread is alive. Logs what is stuck; feeds the watchdog unless one of our threads is stuck."""
        now = self._clock.monotonic()
        if now < self._next:
            return
        self._next = now + self.interval / 2  # callers more frequent than needed are ignored in between
        if self._all_threads_live():
            self._notifier.tell(WATCHDOG=1, STATUS=self._status())
        else:
            self._notifier.tell(STATUS=self._status())

    def reload(self, reload: Callable[[], Sequence[str]]) -> None:
        """Run a reload, which returns what is wrong with the settings, and report its start and end.

        Always ready again at the end, because the old settings still work.
        """
        self._unless_stopping(
            RELOADING=1, MONOTONIC_USEC=time.monotonic_ns() // 1000, STATUS="reloading the settings"
        )
        problems: Sequence[str] = ["a bug, see the log"]
        try:
            problems = reload()
        finally:
            self._bad_settings = f"settings not reloaded: {'; '.join(problems)}" if problems else ""
            self._unless_stopping(READY=1, STATUS=self._status())

    def stopping(self, seconds: float) -> None:
        """The drain begins, and takes at most this many seconds."""
        with self._lock:
            self._is_stopping = True
            self._notifier.tell(STOPPING=1, STATUS=f"draining, {self._progress()}")
            # Not in the same datagram: the extended time applies to the state that STOPPING starts.
            self._notifier.tell(EXTEND_TIMEOUT_USEC=int((seconds + STOP_SLACK) * 1e6))

    def _unless_stopping(self, **variables: object) -> None:
        with self._lock:
            if not self._is_stopping:
                self._notifier.tell(**variables)

    def _all_threads_live(self) -> bool:
        late = self._liveness.late()
        if late and not self._is_late:
            log.error("thread_stuck", late=late, consequence="/livez fails: the service manager restarts the watcher")
        elif self._is_late and not late:
            log.info("thread_recovered")
        self._is_late = bool(late)
        self._log_slow_calls()
        return not late

    def _log_slow_calls(self) -> None:
        """Log once each part whose call has not returned for long, and again when it has."""
        slow = self._liveness.slow_calls()
        for part in slow.keys() - self._slow:
            log.error(
                "call_stuck", part=part, error=slow[part], consequence="work that needs it waits; /readyz fails"
            )
        for part in self._slow - slow.keys():
            log.info("call_returned", part=part)
        self._slow = set(slow)

    def _status(self) -> str:
        wrong = [*self._liveness.late(), *(f"{part}: {why}" for part, why in self._readiness.shown().items())]
        return "; ".join([self._progress(), *wrong, *filter(None, [self._bad_settings])])


def _one_line(value: str) -> str:
    """A line break would start another variable."""
    return "".join(letter if letter.isprintable() else " " for letter in value)[:MAX_VALUE]
