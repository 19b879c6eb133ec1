"""The limiters that bench_rate.py compares."""

import copyreg
import random
from collections.abc import Callable
from functools import partial
from threading import Lock, RLock

from botocore.exceptions import CapacityNotAvailableError
from botocore.retries.adaptive import ClientRateLimiter, RateClocker
from botocore.retries.bucket import TokenBucket as BotoBucket
from botocore.retries.throttling import CubicCalculator

from tests.benchmarks.quota_world import Limiter, Make
from watcher.rate_limit import AdaptiveRate, TokenBucket

START = 25.0

# A branched world gets locks of its own: everything here runs in one thread.
copyreg.pickle(type(Lock()), lambda _: (Lock, ()))
copyreg.pickle(type(RLock()), lambda _: (RLock, ()))


class BotocoreAdaptive:
    """botocore's client-side limiter, on virtual time and without its sleep."""

    def __init__(self, _: random.Random) -> None:
        self._now = 0.0
        self._bucket = BotoBucket(max_rate=1, clock=self)
        self._limiter = ClientRateLimiter(
            rate_adjustor=CubicCalculator(starting_max_rate=0, start_time=0.0),
            rate_clocker=RateClocker(self),
            token_bucket=self._bucket,
            throttling_detector=self,
            clock=self,
        )

    def current_time(self) -> float:
        return self._now

    def is_throttling_error(self, *, throttled: bool) -> bool:
        return throttled

    @property
    def rate(self) -> float:
        return float(self._bucket.max_rate)

    def acquire(self, now: float) -> float:
        self._now = now
        try:
            if self._limiter._enabled:
                self._bucket.acquire(block=False)
        except CapacityNotAvailableError:
            return max(1e-6, float(self._bucket._sleep_amount(1)))
        return 0.0

    def on_response(self, now: float, *, throttled: bool) -> None:
        self._now = now
        self._limiter.on_receiving_response(throttled=throttled)


def adaptive(chance: random.Random) -> Limiter:
    """The watcher's own, from the same start whatever the quota is."""
    return AdaptiveRate(START, partial(chance.uniform, 0.0, 1.0))


LIMITERS: dict[str, Callable[[float, int], Make]] = {
    "adaptive": lambda quota, watchers: adaptive,
    "botocore's adaptive mode": lambda quota, watchers: BotocoreAdaptive,
    "fixed by hand": lambda quota, watchers: lambda _: TokenBucket(quota * 0.95 / watchers),
}
"""By name: for a quota and a number of watchers."""
