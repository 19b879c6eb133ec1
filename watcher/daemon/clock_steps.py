"""Notices that the wall clock was set, and logs it."""

import structlog

from watcher.domain.ports import Clock

log = structlog.get_logger(__name__)

LEAST_STEP = 1.0
"""Minimum seconds of a step. NTP slews by half a millisecond a second, which does not count."""


class ClockSteps:
    """Compares the progress of the wall clock with that of the monotonic one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._difference = self._now()

    def check(self) -> None:
        """Log a step since the last check, once."""
        before, self._difference = self._difference, self._now()
        step = self._difference - before
        if abs(step) >= LEAST_STEP:
            log.warning(
                "clock_stepped",
                seconds=round(step, 1),
                consequence="none for leases and deadlines; AWS denies requests if the clock is over 5 minutes off",
            )

    def _now(self) -> float:
        return self._clock.time() - self._clock.monotonic()
