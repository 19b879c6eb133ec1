"""A watcher that calls through an adaptive rate."""

from watcher.adaptive import CALM, AdaptiveRate, Phase

BEGIN = 1000.0
LONG_QUIET = 40
"""Calls without a throttle: more than the search or a crowd of throttles asks for."""


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


def phase_of(caller: Caller) -> Phase:
    return caller.limiter._phase


def settled(start: float = 25.0) -> Caller:
    """Past the search, long since its last throttle as far as crowds of throttles go, its rate about `start`."""
    caller = Caller(AdaptiveRate(start, no_chance))
    caller.call()
    caller.call(throttled=True)
    caller.call(CALM)
    while phase_of(caller) is not Phase.SETTLED:
        caller.call()
    caller.call(LONG_QUIET)
    return caller
