"""The first half minute: from the rate that a watcher starts with to its share of the quota."""

import math
from enum import Enum

from watcher.adaptive.balance import FLOOR

RISE = 0.06
"""Growth a second before the first throttle, and after the fall that it starts."""

FALL = 11.0
"""Seconds in which the fall takes the rate to 1/e. It runs by the clock, not by throttles, so that watchers that
start together stay equal; and slowly, so that there are enough calls to count."""

FALL_STEP = 0.08
"""The most that one call's part in the fall may be: a slow watcher must see how its calls end."""

CALM = 14
"""Calls in a row without a throttle that end the fall."""

SHORTEST = 0.001
"""Seconds that a fall takes at least."""

BEYOND = 3.2
"""The share is at most so many times the rate at which the fall ended: one who comes to watchers that are there
already takes from them while it falls, and what it was served then is more than its share."""


class Phase(Enum):
    """Where the search is."""

    RISING = 1
    FALLING = 2
    REGAINING = 3


class Search:
    """Rise until a throttle, fall by the clock until calls pass, rise to the share that was served in the fall.

    Watchers that fall together are all as fast as one another, so that what each is served while they are too fast
    together is its share of the quota, whatever the size of the bucket. That is a count of many calls; where the fall
    ends hangs on a few, and differs by half from one watcher to the next.

    Attributes:
        rate: calls a second now.
        share: calls a second to go on with, once the search is over.
    """

    def __init__(self, start: float) -> None:
        """`start`: calls a second."""
        self.rate = start
        self.share: float | None = None
        self._phase = Phase.RISING
        self._served = self._untroubled = 0
        self._falling = 0.0
        self._fallen = start

    @property
    def phase(self) -> Phase:
        """Where the search is."""
        return self._phase

    def elapse(self, seconds: float, *, pressed: bool) -> None:
        """A call begins after so many seconds of work; `pressed`: the rate is what limits."""
        if self._phase is Phase.FALLING:
            self._falling += seconds
            self.rate = max(FLOOR, self.rate * math.exp(-min(seconds / FALL, FALL_STEP)))
        elif pressed:
            self.rate *= 1.0 + RISE * seconds
            if self._phase is Phase.REGAINING and self.rate > self._found():
                self._end()

    def passed(self) -> None:
        """A call was not throttled."""
        self._untroubled += 1
        if self._phase is Phase.FALLING:
            self._served += 1
            if self._untroubled >= CALM:
                self._phase, self._fallen = Phase.REGAINING, self.rate

    def throttled(self) -> None:
        """A call was throttled."""
        self._untroubled = 0
        if self._phase is Phase.RISING:
            self._phase = Phase.FALLING
        elif self._phase is Phase.REGAINING:
            self._end()

    def _end(self) -> None:
        self.share = self._found()

    def _found(self) -> float:
        served = self._served / max(self._falling, SHORTEST)
        return min(max(served, self._fallen), BEYOND * self._fallen)
