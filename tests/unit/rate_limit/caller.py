"""A watcher that calls through an adaptive rate."""

from watcher.rate_limit import AdaptiveRate

BEGIN = 1000.0


def no_chance() -> float:
    return 0.0


class Caller:
    """One watcher that has work all of the time, on a clock of its own; a call ends as soon as it began."""

    def __init__(self, start: float = 25.0) -> None:
        self.limiter = AdaptiveRate(start, no_chance)
        self.now = BEGIN

    @property
    def rate(self) -> float:
        return self.limiter.rate

    def begin(self) -> None:
        """Wait until a call may begin, as the scheduler's leader does."""
        while (delay := self.limiter.acquire(self.now)) > 0:
            self.now += delay

    def end(self, *, throttled: bool = False) -> None:
        self.limiter.on_response(self.now, throttled=throttled)

    def call(self, times: int = 1, *, throttled: bool = False) -> None:
        for _ in range(times):
            self.begin()
            self.end(throttled=throttled)

    def call_for(self, seconds: float, *, throttled: bool = False) -> None:
        until = self.now + seconds
        while self.now < until:
            self.call(throttled=throttled)

    def use(self, seconds: float, every: float) -> None:
        """Less work than the rate would let through: no call has to wait."""
        until = self.now + seconds
        while self.now < until:
            self.now += every
            assert self.limiter.acquire(self.now) == 0.0
            self.end()
