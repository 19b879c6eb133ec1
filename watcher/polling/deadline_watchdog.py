"""Ends sessions on time while all workers are in hanging calls, and reports such calls to readiness."""

from threading import Event

from watcher.domain.ports import Clock
from watcher.polling.active_calls import ActiveCalls
from watcher.polling.poller import UNREACHABLE_AFTER, Poller
from watcher.polling.scheduler import Scheduler
from watcher.telemetry.health import Beat
from watcher.telemetry.readiness import Readiness

CHECK_INTERVAL = 0.25
"""Seconds between two checks: how late a session may end if no worker is free."""

AFTER_DEADLINE = 0.5
"""Seconds after the session's deadline that a call has for its answer. Together with a check this stays below the one
second within which every session is decided. The poll before the deadline begins a second earlier; answers take 0.2
s."""

LATE_ANSWER = 10.0
"""Seconds for the only call of a session that was received after its deadline."""

STUCK_AFTER = 10.0
"""Seconds without any answer after which waiting calls mean that the service is unreachable."""


class DeadlineWatchdog:
    """A worker that makes no calls: with time-outs of a minute, all others may be waiting for a dead connection."""

    def __init__(self, *, scheduler: Scheduler, poller: Poller, clock: Clock, readiness: Readiness) -> None:
        """`poller`: its calls are watched, and it decides."""
        self._scheduler = scheduler
        self._poller = poller
        self._calls: ActiveCalls = poller.calls
        self._clock = clock
        self._readiness = readiness

    def run(self, stop: Event, beat: Beat) -> None:
        """Check four times a second until `stop`."""
        while not stop.wait(CHECK_INTERVAL):
            beat.beat()
            self.check()

    def check(self) -> None:
        """End sessions whose time is over, whether they wait for a poll or are in a call."""
        while (due := self._scheduler.take_expired()) is not None:
            self._poller.poll_once(due)
        now = self._clock.monotonic()
        for session in self._calls.outlasting(now, AFTER_DEADLINE, LATE_ANSWER):
            self._poller.give_up(session)
        self._check_silence(now)
        self._check_throttling()

    def _check_throttling(self) -> None:
        if problem := self._scheduler.throttling():
            self._readiness.mark_unavailable(
                "throttled", problem, "decisions come late; the rate recovers on its own"
            )
        else:
            self._readiness.mark_recovered("throttled")

    def _check_silence(self, now: float) -> None:
        silent = self._calls.waiting(now, STUCK_AFTER)
        if len(silent) >= UNREACHABLE_AFTER and now - self._calls.answered_at >= STUCK_AFTER:
            problem = f"{len(silent)} calls wait for an answer, the oldest for {max(silent):.0f} s"
            self._readiness.mark_unavailable(
                "endpoint", problem, "they go on to their time-outs; sessions end at their deadlines"
            )
