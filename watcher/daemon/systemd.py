"""What the service manager is told of the daemon: ready, alive, reloading, stopping, and how it goes."""

import time
from collections.abc import Callable, Sequence
from threading import Lock

import structlog

from watcher.daemon.sdnotify import Notifier
from watcher.domain.ports import Clock
from watcher.telemetry.health import Liveness
from watcher.telemetry.readiness import Readiness

log = structlog.get_logger(__name__)

STATUS_INTERVAL = 5.0
"""Seconds between two looks at how it goes."""

FEEDS = 3
"""Times that the watchdog is fed within its time: one that comes late does no harm."""

STOP_SLACK = 5.0
"""Seconds beyond the drain that a service manager has to leave: for closing files and connections, which the daemon
bounds (`CLOSE_TIME`), and for the process to end. The units and manifests under deploy/ leave more."""


class ServiceNotifier:
    """Speaks for the daemon. `tick` is called by its main thread, so that a hung one is noticed, too."""

    def __init__(
        self,
        notifier: Notifier,
        clock: Clock,
        liveness: Liveness,
        readiness: Readiness,
        progress: Callable[[], str],
    ) -> None:
        """`progress` says in a few words how much is done."""
        self._notifier = notifier
        self._clock = clock
        self._liveness = liveness
        self._readiness = readiness
        self._progress = progress
        self._lock = Lock()  # a reload is told by another thread: its READY must not overtake the stop
        self._is_stopping = False
        self._bad_settings = ""
        self._is_late = False
        self._slow: set[str] = set()
        self._next = 0.0

    @property
    def interval(self) -> float:
        """Seconds at most between two ticks."""
        return min(STATUS_INTERVAL, (self._notifier.watchdog or STATUS_INTERVAL * FEEDS) / FEEDS)

    def ready(self) -> None:
        """Everything runs."""
        self._notifier.tell(READY=1, STATUS=self._status())

    def tick(self) -> None:
        """The main thread is alive. Logs what is stuck; feeds the watchdog unless it is a thread of ours."""
        now = self._clock.monotonic()
        if now < self._next:
            return
        self._next = now + self.interval / 2  # a caller that comes more often than needed is not always let through
        if self._all_threads_live():
            self._notifier.tell(WATCHDOG=1, STATUS=self._status())
        else:
            self._notifier.tell(STATUS=self._status())

    def reload(self, reload: Callable[[], Sequence[str]]) -> None:
        """Run a reload, which returns what is wrong with the settings, and tell of its begin and its end.

        Ready again at the end in any case: the old settings work on.
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
        """The drain begins and takes so many seconds at most."""
        with self._lock:
            self._is_stopping = True
            self._notifier.tell(STOPPING=1, STATUS=f"draining, {self._progress()}")
            # Not in the same datagram: the time asked for is that of the state that STOPPING brings about.
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
        """Log each part whose call has not returned for long, once, and when it has."""
        slow = self._liveness.slow_calls()
        for part in slow.keys() - self._slow:
            log.error("call_stuck", part=part, error=slow[part], consequence="what needs it waits; /readyz fails")
        for part in self._slow - slow.keys():
            log.info("call_returned", part=part)
        self._slow = set(slow)

    def _status(self) -> str:
        wrong = [*self._liveness.late(), *(f"{part}: {why}" for part, why in self._readiness.shown().items())]
        return "; ".join([self._progress(), *wrong, *filter(None, [self._bad_settings])])
