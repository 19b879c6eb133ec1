"""A watcher that calls through an adaptive rate."""

from watcher.adaptive import AdaptiveRate
from watcher.adaptive.search import CALM

BEGIN = 1000.0
LONG_QUIET = 60
"""Calls without a throttle that is none too soon."""


def no_chance() -> float:
    return 0.0


class Caller:
    """One watcher that has work all of the time, on a clock of its own; a call ends as soon as it began."""

    def __init__(self, limiter: AdaptiveRate) -> None:
        self.limiter = limiter
        self.now = BEGIN

    def begin(self) -> None:
        """Wait for leave, as the scheduler's leader does."""
        while (delay := self.limiter.acquire(self.now)) > 0:
            self.now += delay

    def end(self, *, throttled: bool = False) -> None:
        self.limiter.heed(self.now, throttled=throttled)

    def call(self, times: int = 1, *, throttled: bool = False) -> None:
        for _ in range(times):
            self.begin()
            self.end(throttled=throttled)

    def call_for(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            self.call()

    def idle(self, seconds: float, every: float) -> None:
        """Less work than the rate would let through: no call has to wait."""
        until = self.now + seconds
        while self.now < until:
            self.now += every
            assert self.limiter.acquire(self.now) == 0.0
            self.end()


def searches(caller: Caller) -> bool:
    return caller.limiter._balance is None


def settled(start: float = 25.0) -> Caller:
    """Past the search, its rate below `start`, some time after its last throttle."""
    caller = Caller(AdaptiveRate(start, no_chance))
    caller.call()
    caller.call(throttled=True)
    caller.call(CALM)
    while searches(caller):
        caller.call()
    caller.call(LONG_QUIET)
    return caller
