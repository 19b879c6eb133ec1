"""A rate that finds the account's quota by itself, from nothing but its own calls' throttles.

Below the target, the rate that was last served, it recovers by slow start; above, it follows congestion avoidance.
"""

import math
import random
from collections.abc import Callable

from watcher.rate_limit.congestion_avoidance import decrease, increase
from watcher.rate_limit.constants import CONSTANTS
from watcher.rate_limit.recovery import Return
from watcher.rate_limit.slow_start import slow_start
from watcher.rate_limit.token_bucket import LATE, SHORTEST_DELAY

LONGEST_GAP = 8.0
"""Calls that an idle time counts for at most, when it is averaged over the latest 32."""


class AdaptiveRate:
    """Evenly spaced calls, as fast as the throttles allow. The scheduler's lock guards it: it is not thread-safe.

    Attributes:
        rate: calls a second now.
    """

    def __init__(self, start: float, uniform: Callable[[], float] = random.random) -> None:
        """`start`: calls a second until the first throttle says more; `uniform`: random numbers in [0, 1)."""
        self.rate = self._target = self._base = self._before = start
        self._uniform = uniform
        self._next = self._last = -math.inf
        self._gap = 1.0  # between calls, in multiples of what the rate allows
        self._quiet = 3600.0  # seconds in which the rate was used and nothing throttled; at first, for long
        self._served: float = math.inf  # calls since the last throttle
        self._repeated = self._in_flight = self._outdated = 0
        self._return = Return()

    def acquire(self, now: float) -> float:
        """0.0 when a call may begin at `now`, else the seconds until one may."""
        if now < self._next:
            return max(SHORTEST_DELAY, self._next - now)
        self._gap += (min(1.0 + (now - self._next) * self.rate, LONGEST_GAP) - self._gap) / 32
        if self._gap <= CONSTANTS.in_use:  # a rate that nobody uses proves nothing
            self._grow(min(now - self._last, 2.0 / self.rate))
        self._last = now
        self._next = max(self._next, now - LATE) + 1.0 / self.rate
        self._in_flight += 1
        return 0.0

    def on_response(self, now: float, *, throttled: bool) -> None:
        """Take note of how a call ended. Call it once for every call that `acquire` allowed."""
        self._in_flight -= self._in_flight > 0
        self._return.count(throttled=throttled)
        if self._outdated:  # begun before the last decrease, which has dealt with what it met
            self._outdated -= 1
        elif throttled:
            self._decrease()
            self._outdated = self._in_flight
            # Two watchers in step would find the bucket empty together again and again.
            self._next = max(self._next, now) + self._uniform() / self.rate
        else:
            self._served += 1

    def _grow(self, seconds: float) -> None:
        self._quiet += seconds
        self._return.used(self.rate, seconds)
        if self.rate < self._target:
            self.rate = slow_start(self.rate, self._target, seconds)
        elif self._return.is_due(self.rate):
            self._target = self._return.begin()
        else:
            self._return.succeeded()
            self.rate = increase(self.rate, self._base, self._quiet, seconds)

    def _decrease(self) -> None:
        self._return.throttled(self.rate)
        soon = self._served < CONSTANTS.soon
        self._repeated = self._repeated + 1 if soon else 0
        if self._served == 0 or (soon and self.rate < self._target):
            self._back_off()
        else:
            self._before = self.rate
            self.rate = max(CONSTANTS.floor, self.rate * (1.0 - decrease(self.rate, self._repeated)))
            self._target = self.rate
        self._base, self._quiet, self._served = self.rate, 0.0, 0

    def _back_off(self) -> None:
        """Halve the rate, down to the floor.

        Calls served in between show that the target is too high. Without any, all calls may be throttled whatever
        the rate: then the target is the rate before.
        """
        self._target = math.sqrt(self.rate * self._target) if self._served else max(self._target, self._before)
        self._before = self._target
        self.rate = max(CONSTANTS.floor * max(1.0, self._target), self.rate / 2)
