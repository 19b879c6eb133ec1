"""A fixed rate. Not thread-safe: the scheduler's lock guards it."""

import math

SHORTEST_DELAY = 1e-6
"""Minimum seconds: what rounding leaves could be too short to move a clock."""

LATE = 0.02
"""Seconds that a worker may wake up late without losing calls."""


class TokenBucket:
    """At most `rate` calls in any one second.

    A bucket of size b that refills at r a second allows at most b + r calls in a second. So that `rate` is never
    exceeded, b = 1 + s and r = rate - s, where the small s is what a worker that wakes up late may catch up.
    """

    def __init__(self, rate: float) -> None:
        """Limit to `rate` calls a second (above 0)."""
        self.rate = rate
        slack = rate * LATE if rate >= 1 else 0.0
        self._size = 1.0 + slack
        self._refill = rate - slack
        self._tokens = self._size
        self._updated = -math.inf

    def acquire(self, now: float) -> float:
        """0.0 when a call may begin at `now`, else the seconds until one may."""
        if now > self._updated:
            elapsed = min(now - self._updated, self._size / self._refill)
            self._tokens = min(self._size, self._tokens + elapsed * self._refill)
            self._updated = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return max(SHORTEST_DELAY, (1.0 - self._tokens) / self._refill)

    def on_response(self, now: float, *, throttled: bool) -> None:
        """Does nothing: an explicit rate never changes."""
