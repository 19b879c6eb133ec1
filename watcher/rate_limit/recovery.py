"""The way back after a collapse: when throttles at random have taken most of a rate, though no quota did.

No rate avoids throttles that come at random, so each takes its part until little is left. When they are over, nothing
says so but quiet. Then the rate tries the one from before the collapse, by slow start. If that meets a throttle, the
next try waits twice as long. Perhaps the quota has shrunk: then few calls are throttled at the low rate, and each try
that fails halves the rate to return to.
"""

from watcher.rate_limit.congestion_avoidance import throttle_interval
from watcher.rate_limit.constants import CONSTANTS

FIRST_WAIT, LONGEST_WAIT = 4.0, 48.0
"""Seconds without a throttle before a try: some calls even of a slow watcher; and little after a failed minute."""

RANDOM_SHARE, CALLS = 0.4, 32
"""Part of about so many latest calls that has to be throttled for a failed try to say nothing about the quota."""


class Recovery:
    """Where to return to, and when to try. It counts as a collapse when three quarters of the rate are gone."""

    def __init__(self) -> None:
        self._usual = 0.0  # calls a second; nothing is usual until it was used for a while
        self._quiet = 0.0
        self._wait = FIRST_WAIT
        self._throttled_share = 0.0
        self._is_under_way = False

    def count(self, *, throttled: bool) -> None:
        """Take note of a call that ended."""
        self._throttled_share += (throttled - self._throttled_share) / CALLS

    def used(self, rate: float, seconds: float) -> None:
        """Take note that this rate was used for `seconds` more without a throttle."""
        self._quiet += seconds
        if self._quiet >= CONSTANTS.throttle_interval:
            self._usual = max(self._usual, rate)

    def is_due(self, rate: float) -> bool:
        """Whether to try, at this rate."""
        return rate < self._usual / 4 and self._quiet >= self._wait

    def begin(self) -> float:
        """The rate to try."""
        self._is_under_way = True
        return self._usual

    def succeeded(self) -> None:
        """A try, if one was under way, has reached its rate."""
        if self._is_under_way:
            self._start_over()

    def throttled(self, rate: float) -> None:
        """A throttle came at this rate."""
        if self._is_under_way:
            self._is_under_way = False
            self._wait = min(2 * self._wait, LONGEST_WAIT)
            if self._throttled_share < RANDOM_SHARE:
                self._usual /= 2
        elif self._quiet >= throttle_interval(rate) / 2:  # one by itself: this is how the rate usually ends
            self._usual = rate
            self._start_over()
        self._quiet = 0.0

    def _start_over(self) -> None:
        self._wait, self._is_under_way = FIRST_WAIT, False
