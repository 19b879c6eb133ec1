"""How well a rate finds the account's quota by itself: `python tests/benchmarks/bench_rate.py [--quick]`.

The real `AdaptiveRate` of 1 to 8 watchers against one token-bucket quota, in virtual time: calls take 30 to 60 ms,
each watcher has 16 workers and always work. The bucket holds 0.1, 1 or 10 seconds' worth, for nobody outside of AWS
knows how large theirs is. Every watcher starts at 25 calls a second, whatever the quota is.

used, throttled: shares of the quota and of the calls, over the steady state. uneven: how far the share of the
watcher that is furthest off is from the mean. doubled, halved: seconds after the quota's change until a five-second
window uses 90 % of it, or has under 2 % throttled; joined (both), left (90 %) likewise. The median of three moments.

Beside it, with a one-second bucket: botocore's own "adaptive" retry mode (CUBIC), and rates fixed by hand at 95 % of
the quota through the number of watchers that there are, which is all one can get but finds nothing again.
"""

import argparse
import copyreg
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from threading import Lock, RLock
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, only this folder is on the path

from botocore.exceptions import CapacityNotAvailableError
from botocore.retries.adaptive import ClientRateLimiter, RateClocker
from botocore.retries.bucket import TokenBucket as BotoBucket
from botocore.retries.throttling import CubicCalculator

from tests.benchmarks.quota_world import Found, Limiter, Make, Quota, Steady, World, found_after, steady
from watcher.adaptive import AdaptiveRate
from watcher.ratelimit import TokenBucket

QUOTAS, WATCHERS, BURSTS = (5, 25, 100), (1, 2, 4, 8), (1.0, 0.1, 10.0)
START = 25.0
USED, CALM = Found(used=0.9), Found(throttled=0.02)
BOTH = Found(used=0.9, throttled=0.02)
FOUND_WITHIN = 30.0
EVEN_FROM = 25
"""The quota from which on even shares are asked for."""

Change = Callable[[World], None]
CHANGES: dict[str, tuple[Change, Found]] = {
    "doubled": (lambda world: world.quota.change(world.quota.rate * 2, world.now), USED),
    "halved": (lambda world: world.quota.change(world.quota.rate / 2, world.now), CALM),
    "joined": (World.join, BOTH),
    "left": (World.leave, USED),
}


class Plan(NamedTuple):
    """Seconds of virtual time."""

    warm_up: float
    steady: float
    steady_burst: float
    changed: float
    moments: int


FULL = Plan(warm_up=120.0, steady=1200.0, steady_burst=600.0, changed=120.0, moments=3)
QUICK = Plan(warm_up=60.0, steady=120.0, steady_burst=60.0, changed=60.0, moments=1)


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

    def acquire(self, now: float) -> float:
        self._now = now
        try:
            if self._limiter._enabled:
                self._bucket.acquire(block=False)
        except CapacityNotAvailableError:
            return max(1e-6, float(self._bucket._sleep_amount(1)))
        return 0.0

    def heed(self, now: float, *, throttled: bool) -> None:
        self._now = now
        self._limiter.on_receiving_response(throttled=throttled)


class Row(NamedTuple):
    """One line of the table."""

    quota: int
    watchers: int
    steady: Steady
    found: dict[str, float]


def adaptive(chance: random.Random) -> Limiter:
    return AdaptiveRate(START, partial(chance.uniform, 0.0, 1.0))


def fixed(quota: int, watchers: int) -> Make:
    return lambda _: TokenBucket(quota * 0.95 / watchers)


def measure(make: Make, quota: int, watchers: int, burst: float, plan: Plan) -> Row:
    """The steady state, and what follows each change at some moments in it."""
    world = World(make, watchers, Quota(quota, burst), seed=quota * watchers)
    world.run(plan.warm_up)
    found: dict[str, list[float]] = {name: [] for name in CHANGES if name != "left" or watchers > 1}
    for _ in range(plan.moments):
        world.run((plan.steady if burst == BURSTS[0] else plan.steady_burst) / plan.moments)
        for name, seconds in found.items():
            seconds.append(after(world.branch(), name, plan))
    seen = steady(world, plan.warm_up, world.now)
    return Row(quota, watchers, seen, {name: median(seconds) for name, seconds in found.items()})


def after(world: World, name: str, plan: Plan) -> float:
    change, found = CHANGES[name]
    begin = world.now
    change(world)
    world.run(plan.changed)
    return found_after(world, begin, found)


def verdict(row: Row) -> str:
    """Which of the bars this row reaches."""
    goal = row.steady.used >= 0.95 and row.steady.throttled <= 0.01
    least = row.steady.used >= 0.9 and row.steady.throttled <= 0.02
    missed = [name for name, seconds in row.found.items() if seconds > FOUND_WITHIN]
    if row.quota >= EVEN_FROM and row.steady.uneven > 0.2:
        missed.insert(0, "even shares")
    words = "goal" if goal else "least" if least else "MISSED"
    return words + (f"; missed: {', '.join(missed)}" if missed else "")


def show(row: Row) -> None:
    cells = [f"{row.found[name]:.0f}" if name in row.found else "-" for name in CHANGES]
    print(
        f"{row.quota:>5} {row.watchers:>8}  {row.steady.used:>6.1%} {row.steady.throttled:>9.2%}"
        f" {row.steady.uneven:>6.0%}  " + " ".join(f"{cell:>7}" for cell in cells) + f"  {verdict(row)}"
    )


def table(title: str, make: Callable[[int, int], Make], burst: float, plan: Plan, watchers: tuple[int, ...]) -> None:
    print(f"\n{title}, bucket of {burst:g} s")
    print(
        f"{'quota':>5} {'watchers':>8}  {'used':>6} {'throttled':>9} {'uneven':>6}  "
        + " ".join(f"{name:>7}" for name in CHANGES)
    )
    for quota in QUOTAS:
        for number in watchers:
            show(measure(make(quota, number), quota, number, burst, plan))


def microseconds(calls: int) -> float:
    """CPU time of one call's way through the real class: refused once, given leave, ended."""
    limiter, now = AdaptiveRate(START), 0.0
    begun = time.thread_time()
    for _ in range(calls):
        now += limiter.acquire(now)
        now += limiter.acquire(now)
        limiter.heed(now, throttled=False)
    return (time.thread_time() - begun) / calls * 1e6


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few seconds instead of a minute, and less to rely on")
    quick = parser.parse_args(arguments).quick
    plan, watchers = (QUICK, (1, 8)) if quick else (FULL, WATCHERS)
    print("goal: 95 % used, 1 % throttled; least: 90 % and 2 %; shares within 20 % (25 and 100 a second);")
    print("found again within 30 s")
    for burst in BURSTS:
        table("adaptive", lambda *_: adaptive, burst, plan, watchers)
    table("botocore's adaptive mode", lambda *_: BotocoreAdaptive, BURSTS[0], plan, watchers)
    table("fixed by hand", fixed, BURSTS[0], plan, watchers)
    print(f"\nthe cost of a call in the limiter: {microseconds(20_000):.2f} us (acquire twice, heed once)")


if __name__ == "__main__":
    main()
