"""A rate that finds the account's quota by itself, from nothing but its own calls' throttles.

Many watchers share one quota without talking to each other. All of them see the same share p of their calls
throttled, so a rate that settles where p is a fixed, falling function of the rate settles at the same rate for all:
that is the fairness of additive increase and multiplicative decrease (Chiu and Jain, 1989). Here that function is
p(rate) = 1 / (rate x patience(rate)): a watcher grows so that a throttle comes once in its `patience`.

The scheduler's lock guards this: it is not thread-safe by itself.
"""

import math
import random
from collections.abc import Callable
from enum import Enum

START_RATES = {"us-east-1": 25.0, "us-west-2": 25.0}
"""GetFaceLivenessSessionResults' default quota, calls a second; `START_RATE` elsewhere (AWS General Reference)."""

START_RATE = 5.0

FLOOR = 0.2
"""Calls a second that throttles never take: below it nothing would be learned for too long."""

LATE = 0.02
"""Seconds that a worker may wake late and have its call's turn kept."""

SHORTEST_DELAY = 1e-6
"""Seconds: what rounding leaves must not be a delay that moves no clock."""

PRESSED = 0.7
"""Share of the latest calls (about 8) that had to wait for the rate, from which on the rate is what limits."""

DECREASE = 0.17
"""Share of the rate that a throttle takes. More would leave quota unused when there is one watcher, less would be
slow when the quota shrinks."""

CROWDED = 3
"""Calls: a throttle sooner than this after the last decrease is rare in a balance (one in thirty throttles) and
likely when the quota has shrunk. It takes CROWDED_DECREASE, so that slow watchers follow within the 30 s too."""

CROWDED_DECREASE = 0.35

PATIENCE = 12.0
"""Seconds between throttles that a fast watcher aims at: two of them must fit into the 30 s to find a new quota."""

SCARCITY = 85.0
"""Calls between throttles that a watcher of one call a second aims at; slower ones get a few more throttles a call,
so that equal shares stay the balance there too."""

SCARCITY_POWER = 0.85

PROBING = 1.5
"""How fast the growth grows once a throttle is overdue; MOST_GROWTH, a second, is where that ends."""

MOST_GROWTH = 0.12

MEMORY = 300.0
"""Seconds over which a watcher's own rate is averaged for its patience. One that is up by chance so meets more
throttles and no faster growth, without everybody paying for that with a higher share of throttles."""

OVERDUE = 3.0
"""Patiences without a throttle, after which the past says nothing any more: the average follows fast."""

RISE = 0.06
"""Growth a second before the first throttle, and after the fall that it starts."""

FALL = 6.0
"""Seconds in which the first fall takes the rate to 1/e. It runs by the clock, not by throttles, so that watchers
that start together stay equal."""

FALL_STEP = 0.08
"""The most that one call's share of the fall may be: a slow watcher must see how its calls end."""

CALM = 6
"""Calls in a row without a throttle that end the fall."""

REGAIN = 1.6
"""Growth, as a factor, with which the search ends even without a throttle."""

FRESH = 12
"""Calls since the last throttle of the fall: another one before so many means that the fall ended too early."""


class Phase(Enum):
    """Where the search is."""

    RISING = 1
    FALLING = 2
    REGAINING = 3
    SETTLED = 4


def start_rate(region: str) -> float:
    """Calls a second to start with: the region's default quota."""
    return START_RATES.get(region, START_RATE)


class AdaptiveRate:
    """Additive increase, multiplicative decrease, with one decrease for a time of congestion.

    Attributes:
        rate: calls a second now.
    """

    def __init__(self, start: float, uniform: Callable[[], float] = random.random) -> None:
        """`start`: calls a second until the first throttle says more; `uniform`: random numbers in [0, 1)."""
        self.rate = start
        self._uniform = uniform
        self._phase = Phase.RISING
        self._usual = start
        self._regained = start
        self._next = self._last = -math.inf
        self._waited = False
        self._pressed = 0.0
        self._quiet = 0.0
        self._in_flight = self._outdated = self._untroubled = 0

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
        else:
            self._untroubled += 1
            if self._phase is Phase.FALLING and self._untroubled >= CALM:
                self._phase, self._regained = Phase.REGAINING, self.rate

    def _throttled(self, now: float) -> None:
        untroubled, self._untroubled = self._untroubled, 0
        # Two watchers in step would find the bucket empty together again and again.
        self._next = max(self._next, now) + self._uniform() / self.rate
        if self._phase is Phase.RISING or (self._phase is Phase.REGAINING and untroubled < FRESH):
            self._phase = Phase.FALLING
        if self._phase is Phase.FALLING:
            return
        if self._phase is Phase.REGAINING:
            self._settle()
        decrease = CROWDED_DECREASE if untroubled < CROWDED else DECREASE
        self.rate = max(FLOOR, self.rate * (1.0 - decrease))
        self._quiet = 0.0
        self._outdated = self._in_flight

    def _settle(self) -> None:
        self._phase, self._usual, self._quiet = Phase.SETTLED, self.rate, 0.0

    def _drift(self, elapsed: float) -> None:
        """What `elapsed` seconds do to the rate."""
        if self._phase is Phase.FALLING:
            self.rate = max(FLOOR, self.rate * math.exp(-min(elapsed / FALL, FALL_STEP)))
        elif self._pressed < PRESSED:
            return
        elif self._phase is Phase.SETTLED:
            self._creep(elapsed)
        else:
            self.rate *= 1.0 + RISE * elapsed
            if self._phase is Phase.REGAINING and self.rate > REGAIN * self._regained:
                self._settle()

    def _creep(self, elapsed: float) -> None:
        """Win back in one patience what a throttle takes; beyond that, the longer the quiet the faster."""
        patience = math.hypot(PATIENCE, SCARCITY / self._usual**SCARCITY_POWER)
        self._quiet += elapsed
        overdue = self._quiet / patience
        growth = DECREASE / patience
        if overdue > 1.0:
            growth = min(MOST_GROWTH, growth + PROBING * (overdue - 1.0) ** 2 / patience)
        memory = MEMORY if overdue < OVERDUE else PATIENCE
        self._usual += (self.rate - self._usual) * min(1.0, elapsed / memory)
        self.rate *= 1.0 + growth * elapsed
