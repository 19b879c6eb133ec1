"""How many of the latest calls were throttled: what readiness reports."""

from collections import Counter
from math import floor

WINDOW = 10
"""Seconds to look back: long enough for a slow watcher's calls, short enough to clear soon."""

FEWEST = 3
"""Minimum calls for a meaningful share: a single throttle is not an outage."""


class ThrottledShare:
    """Counts of the last ten seconds, one for each second. The scheduler's lock guards it."""

    def __init__(self) -> None:
        self._calls: Counter[int] = Counter()
        self._throttled: Counter[int] = Counter()

    def add(self, now: float, *, throttled: bool) -> None:
        """Count a call that ended at `now` (monotonic seconds)."""
        self._forget(now)
        self._calls[floor(now)] += 1
        self._throttled[floor(now)] += throttled

    def problem(self, now: float, rate: float) -> str:
        """The text for readiness while more than half of the calls are throttled, else empty."""
        self._forget(now)
        calls, throttled = self._calls.total(), self._throttled.total()
        if calls < FEWEST or 2 * throttled <= calls:
            return ""
        return f"{throttled} of {calls} calls in the last {WINDOW} s were throttled; calling at {rate:.2g}/s"

    def _forget(self, now: float) -> None:
        for counts in (self._calls, self._throttled):
            for second in [second for second in counts if second <= now - WINDOW]:
                del counts[second]
