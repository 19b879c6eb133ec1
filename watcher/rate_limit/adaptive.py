"""A rate that adapts to the account's quota, using only the throttling of its own calls.

It follows congestion avoidance. After an outage it returns to its share of the quota by slow start.
"""

import math
import random
from collections.abc import Callable

from watcher.rate_limit.congestion_avoidance import decrease, increase, step_down
from watcher.rate_limit.constants import CONSTANTS
from watcher.rate_limit.recovery import Recovery
from watcher.rate_limit.slow_start import slow_start
from watcher.rate_limit.token_bucket import LATE, SHORTEST_DELAY

LONGEST_GAP = 8.0
"""Maximum calls that an idle time counts for in the average over the latest 32."""


class AdaptiveRate:
    """Evenly spaced calls, as fast as throttling allows. Not thread-safe: the scheduler's lock guards it.

    Attributes:
        rate: calls a second now.
    """

    def __init__(self, start: float, uniform: Callable[[], float] = random.random) -> None:
        """`start`: calls a second until the first throttle; `uniform`: random numbers in [0, 1)."""
        self.rate = self._share = start
        self._uniform = uniform
        self._next = self._last = -math.inf
        self._gap = 1.0  # interval between calls, in multiples of the rate's
        self._quiet = math.inf  # seconds in which the rate was used and nothing throttled
        self._unserved = 0  # throttles since a call was last served
        self._in_flight = self._outdated = 0
        self._is_recovering = False
        self._recovery = Recovery()

    def acquire(self, now: float) -> float:
        """0.0 when a call may begin at `now`, else the seconds until one may."""
        if now < self._next:
            return max(SHORTEST_DELAY, self._next - now)
        self._gap += (min(1.0 + (now - self._next) * self.rate, LONGEST_GAP) - self._gap) / 32
        # An unused rate proves nothing, and a throttled one must not grow before a call is served.
        if self._gap <= CONSTANTS.in_use and not self._unserved:
            self._grow(min(now - self._last, 2.0 / self.rate))
        self._last = now
        self._next = max(self._next, now - LATE) + 1.0 / self.rate
        self._in_flight += 1
        return 0.0

    def on_response(self, now: float, *, throttled: bool) -> None:
        """Record how a call ended. Call it once for every call that `acquire` allowed."""
        self._in_flight -= self._in_flight > 0
        self._recovery.count(throttled=throttled)
        if self._outdated:  # started before the last decrease, which already accounts for it
            self._outdated -= 1
        elif throttled:
            self._decrease()
            self._outdated = self._in_flight
            # Two watchers in step would repeatedly find the bucket empty at the same time.
            self._next = max(self._next, now) + self._uniform() / self.rate
        else:
            self._unserved = 0

    def _grow(self, seconds: float) -> None:
        self._quiet += seconds
        self._recovery.used(self.rate, seconds)
        if self._is_recovering:
            self.rate = slow_start(self.rate, self._share, seconds)
            self._is_recovering = self.rate < self._share
        elif self._recovery.is_due(self.rate):
            self._share, self._is_recovering = self._recovery.begin(), True
        else:
            self._recovery.succeeded()
            self.rate, self._share = increase(self.rate, self._share, self._quiet, seconds)

    def _decrease(self) -> None:
        self._recovery.throttled(self.rate)
        self._quiet = 0.0
        self._unserved += 1
        if self._unserved == 1:
            self._lower_share()
        elif self._unserved > CONSTANTS.outage:  # perhaps all calls are throttled, whatever the rate
            self._is_recovering = True
        floor = CONSTANTS.floor * (max(1.0, self._share) if self._is_recovering else 1.0)
        self.rate = max(floor, decrease(self.rate, self._share))

    def _lower_share(self) -> None:
        """Only a throttle after a served call means that the share is too large; others may be an outage."""
        if self._is_recovering:
            self._share, self._is_recovering = self.rate, False
        self._share = step_down(self.rate, self._share)
