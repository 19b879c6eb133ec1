"""Recovery from a collapse: random throttles, not the quota, have reduced a rate to little.

No rate avoids random throttles, so each reduces it until little is left. Only their absence shows that they are over.
Then the limiter tries the rate from before the collapse, by slow start. If that is throttled, the next try waits
twice as long. Perhaps the quota has shrunk: then few calls are throttled at the low rate, and each failed try halves
the rate to return to.
"""

from watcher.rate_limit.congestion_avoidance import throttle_interval
from watcher.rate_limit.constants import CONSTANTS

FIRST_WAIT, LONGEST_WAIT = 4.0, 48.0
"""Seconds without a throttle before a try: long enough for some calls even of a slow watcher, and short compared to a
failed minute."""

RANDOM_SHARE, CALLS = 0.4, 32
"""Share of about this many latest calls that has to be throttled for a failed try to say nothing about the quota."""


class Recovery:
    """Which rate to return to, and when to try. Losing three quarters of the rate counts as a collapse."""

    def __init__(self) -> None:
        self._usual = 0.0  # calls a second; no rate is usual until it has been used for a while
        self._quiet = 0.0
        self._wait = FIRST_WAIT
        self._throttled_share = 0.0
        self._is_under_way = False

    def count(self, *, throttled: bool) -> None:
        """Record a call that ended."""
        self._throttled_share += (throttled - self._throttled_share) / CALLS

    def used(self, rate: float, seconds: float) -> None:
        """Record that this rate was used for another `seconds` without a throttle."""
        self._quiet += seconds
        if self._quiet >= CONSTANTS.throttle_interval:
            self._usual = max(self._usual, rate)

    def is_due(self, rate: float) -> bool:
        """Whether to try now, at this rate."""
        return rate < self._usual / 4 and self._quiet >= self._wait

    def begin(self) -> float:
        """The rate to try."""
        self._is_under_way = True
        return self._usual

    def succeeded(self) -> None:
        """The current try, if any, has reached its rate."""
        if self._is_under_way:
            self._start_over()

    def throttled(self, rate: float) -> None:
        """A throttle came at this rate."""
        if self._is_under_way:
            self._is_under_way = False
            self._wait = min(2 * self._wait, LONGEST_WAIT)
            if self._throttled_share < RANDOM_SHARE:
                self._usual /= 2
        elif self._quiet >= throttle_interval(rate) / 2:  # a single one: how growth usually ends
            self._usual = rate
            self._start_over()
        self._quiet = 0.0

    def _start_over(self) -> None:
        self._wait, self._is_under_way = FIRST_WAIT, False
