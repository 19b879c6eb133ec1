"""Signals, handled by a thread that never waits for anything else.

Python's C handler writes each signal's number to a pipe (`signal.set_wakeup_fd`), and a thread reads the pipe. A
Python handler would run inside any lock that the main thread holds. Child processes (a credential_process) would
inherit signals blocked for `sigwait`, and could then not be stopped.
"""

import os
import select
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from math import inf
from threading import Event, Thread
from time import monotonic
from types import FrameType
from typing import NamedTuple, Protocol

AWAITED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

SAME_STOP = 0.2
"""Seconds in which a second stop counts as the first: `timeout` signals a process and then its group."""

BEAT_INTERVAL = 5.0
"""Seconds between two signs of life: a fraction of the time after which a thread counts as stuck."""

FAREWELL = 0.6
"""Seconds for the last log lines if the process ends at once: more than their flush gets (`line_buffer.LAST_FLUSH`),
less than the promised second."""


class Log(Protocol):
    """What the listener needs from a logger."""

    def info(self, event: str, /, **fields: object) -> object:
        """Log a line."""

    def warning(self, event: str, /, **fields: object) -> object:
        """Log a warning."""

    def exception(self, event: str, /, **fields: object) -> object:
        """Log the current exception with its traceback."""


class Handlers(NamedTuple):
    """What signals do once the daemon is built. `stop` must not block; `reload` runs in a separate thread.

    `beat` is called every few seconds, as the listener's sign of life. `stop_limit`: seconds after `stop` at which
    the process ends, whatever hangs.
    """

    stop: Callable[[], None]
    reload: Callable[[], object]
    stop_limit: float
    beat: Callable[[], None]
    log: Log
    flush: Callable[[], object]


@dataclass
class Listener:
    """Listens from `install_listener` on. Before `connect` there is nothing to drain, so a stop ends the process."""

    _handlers: Handlers | None = None
    _reload_wanted: Event = field(default_factory=Event)
    _stopped_at: float | None = None

    def connect(self, handlers: Handlers) -> None:
        """Use these handlers from now on; a SIGHUP that came earlier runs its handler now."""
        self._handlers = handlers
        Thread(target=self._reload_when_wanted, args=(handlers,), name="reload", daemon=True).start()

    def listen(self, pipe: int) -> None:
        """Handle signals forever. A bug in here stops the watcher, because nothing else could stop it any more."""
        try:
            self._listen(pipe)
        except BaseException:
            if self._handlers is None:
                raise
            self._handlers.stop()
            self._handlers.log.exception("thread_died", thread="signals", consequence="the watcher stops")

    def _listen(self, pipe: int) -> None:
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        while True:
            if self._handlers is not None:
                self._handlers.beat()
            seconds_left = self._seconds_left()
            if poll.poll(min(seconds_left, BEAT_INTERVAL) * 1000):
                for number in os.read(pipe, 64):
                    self._take(number)
            elif seconds_left <= BEAT_INTERVAL:
                self._end(1, "stop_limit_exceeded", consequence="the process ends; leases expire")

    def _seconds_left(self) -> float:
        """Until the stop has to be over; infinity without a stop."""
        if self._stopped_at is None or self._handlers is None:
            return inf
        return max(0.0, self._stopped_at + self._handlers.stop_limit - monotonic())

    def _take(self, number: int) -> None:
        if number not in AWAITED:
            return
        if number == signal.SIGHUP:
            self._reload_wanted.set()
        elif self._handlers is None:
            os._exit(0)  # nothing has been received: nothing to drain
        elif self._stopped_at is None:
            self._stopped_at = monotonic()
            self._handlers.stop()
        elif monotonic() - self._stopped_at >= SAME_STOP:
            self._end(1, "forced_exit", consequence="leases expire")
        if self._handlers is not None:
            self._handlers.log.info("signal_received", signal=signal.Signals(number).name)

    def _reload_when_wanted(self, handlers: Handlers) -> None:
        while self._reload_wanted.wait():
            self._reload_wanted.clear()
            try:
                handlers.reload()
            except Exception:  # a bug; later reloads may work
                handlers.log.exception("reload_crashed", consequence="nothing changed, or only part of it")

    def _end(self, code: int, event: str, **fields: object) -> None:
        """End the process; another thread tries to write the log line, because it must not block this one."""
        # Nothing is lost: leases expire, and recorded decisions are in the ledger.
        farewell = Thread(target=self._say, args=(event, fields), daemon=True)
        farewell.start()
        farewell.join(FAREWELL)
        os._exit(code)

    def _say(self, event: str, fields: dict[str, object]) -> None:
        if self._handlers is not None:
            self._handlers.log.warning(event, **fields)
            self._handlers.flush()


@cache
def install_listener() -> Listener:
    """Handle SIGTERM, SIGINT and SIGHUP from now on; call it in the main thread, before anything that takes time.

    The process has one listener: a second call returns it.
    """
    receiver, sender = os.pipe()
    os.set_blocking(sender, False)
    signal.set_wakeup_fd(sender, warn_on_full_buffer=False)
    listener = Listener()
    Thread(target=listener.listen, args=(receiver,), name="signals", daemon=True).start()
    for number in AWAITED:
        signal.signal(number, _taken_by_the_listener)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, AWAITED)  # our parent process may have blocked them
    return listener


def _taken_by_the_listener(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the number is already in the pipe."""
