"""Calls that begin evenly, as fast as the search and then the balance say."""

import math
import random
from collections.abc import Callable

from watcher.adaptive.balance import Balance
from watcher.adaptive.search import Search

LATE = 0.02
"""Seconds that a worker may wake late and have its call's turn kept."""

SHORTEST_DELAY = 1e-6
"""Seconds: what rounding leaves must not be a delay that moves no clock. The limiter of a set rate has it, too."""

PRESSED = 0.7
"""Share of the latest calls (about 8) that had to wait for the rate, from which on the rate is what limits."""


class AdaptiveRate:
    """The search's rate, then the balance's, with one decrease for a time of congestion.

    The scheduler's lock guards this: it is not thread-safe by itself.
    """

    def __init__(self, start: float, uniform: Callable[[], float] = random.random) -> None:
        """`start`: calls a second until the first throttle says more; `uniform`: random numbers in [0, 1)."""
        self._uniform = uniform
        self._search = Search(start)
        self._balance: Balance | None = None
        self._next = self._last = -math.inf
        self._waited = False
        self._pressed = 0.0
        self._in_flight = self._outdated = 0

    @property
    def rate(self) -> float:
        """Calls a second now."""
        return (self._balance or self._search).rate

    def acquire(self, now: float) -> float:
        """0.0 when a call may begin at `now`, else the seconds until one may."""
        if now < self._next:
            self._waited = True
            return max(SHORTEST_DELAY, self._next - now)
        self._pressed += (self._waited - self._pressed) / 8
        # Time without work, in which no call would have been throttled either, is no reason to grow.
        self._drift(min(now - self._last, 2.0 / self.rate))
        self._waited = False
        self._last = now
        self._next = max(self._next, now - LATE) + 1.0 / self.rate
        self._in_flight += 1
        return 0.0

    def heed(self, now: float, *, throttled: bool) -> None:
        """Take note of how a call ended. Call it once for every call that `acquire` gave leave for."""
        self._in_flight -= self._in_flight > 0
        if self._outdated:  # begun before the last decrease: what it met is dealt with
            self._outdated -= 1
        elif throttled:
            self._throttled(now)
        elif self._balance is None:
            self._search.passed()

    def _throttled(self, now: float) -> None:
        # Two watchers in step would find the bucket empty together again and again.
        self._next = max(self._next, now) + self._uniform() / self.rate
        if self._balance is None:
            self._search.throttled()
            self._settle()
        if self._balance is not None:
            self._balance.throttled()
            self._outdated = self._in_flight

    def _drift(self, elapsed: float) -> None:
        """What a call after `elapsed` seconds of work means for the rate."""
        pressed = self._pressed >= PRESSED
        if self._balance is None:
            self._search.elapse(elapsed, pressed=pressed)
            self._settle()
        elif pressed:
            self._balance.elapse(elapsed)

    def _settle(self) -> None:
        if self._search.share is not None:
            self._balance = Balance(self._search.share)
