"""What an adaptive rate must do after outages and surges: bars, measured in virtual time.

A limiter is made for its start, the region's default quota, as in the watcher.
"""

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from tests.benchmarks.quota_world import Limiter, Quota, Work, World, always, steady
from watcher.rate_limit import AdaptiveRate

QUOTAS = (5.0, 25.0, 100.0)
OUTAGES = (10.0, 60.0)

BACK = 0.8
"""Share of the quota at which the rate counts as back after an outage."""

SURGE, SURGE_THROTTLED = 20.0, 0.03
"""Seconds of a surge, and the part of its calls that may be throttled."""

WARM_UP, IDLE, UNDER_USED = 180.0, 600.0, 900.0

Start = Callable[[float, random.Random], Limiter]
"""Makes the limiter that starts at a rate."""


class Bar(NamedTuple):
    """One bar: what was measured, and the most that it may be."""

    name: str
    measured: float
    most: float

    @property
    def passes(self) -> bool:
        return self.measured <= self.most


def ours(start: float, chance: random.Random) -> Limiter:
    return AdaptiveRate(start, partial(chance.uniform, 0.0, 1.0))


def start_for(quota: float) -> float:
    """The default quotas are 5 and 25 calls a second: nobody with more starts any higher."""
    return min(quota, 25.0)


class Demand:
    """Polls that become due at random, so many a second from a time on, for one watcher that makes them in turn."""

    def __init__(self, seed: int, parts: list[tuple[float, float]]) -> None:
        """`parts`: from when (seconds), how many a second; infinity is more than any rate lets through."""
        self._random = random.Random(seed)
        self._parts = parts
        self._due = 0.0
        self._number = 0

    def __call__(self, number: int, now: float, taken: int) -> float:
        while self._number <= taken:
            self._due = self._next(now)
            self._number += 1
        return max(0.0, self._due - now)

    def _next(self, now: float) -> float:
        """When the next poll is due. More work than any rate lets through: as soon as somebody has time for it."""
        rate = [part[1] for part in self._parts if part[0] <= self._due][-1]
        following = [part[0] for part in self._parts if part[0] > self._due]
        if rate == float("inf"):
            due = max(self._due, now)
        else:
            due = self._due + (self._random.expovariate(rate) if rate else float("inf"))
        return min(due, following[0]) if following else due


def world(start: Start, quota: float, seed: int, work: Work = always, watchers: int = 1, burst: float = 1.0) -> World:
    return World(partial(start, start_for(quota)), watchers, Quota(quota, burst), seed, work=work)


def until_back(start: Start, quota: float, outage: float, seed: int, watchers: int = 1) -> float:
    """Seconds after an outage, in which every call was throttled, until the rate is back."""
    seen = world(start, quota, seed, watchers=watchers)
    seen.run(WARM_UP)
    seen.quota.close(seen.now + outage)
    seen.run(outage)
    for tenths in range(3000):
        if seen.rate >= BACK * quota:
            return tenths / 10
        seen.run(0.1)
    return float("inf")


def throttled_in_surge(start: Start, quota: float, seed: int, before: list[tuple[float, float]]) -> float:
    """The part of a surge's calls that is throttled, after `before`: from when, how many calls a second are due."""
    begins = before[-1][0] + UNDER_USED
    seen = world(start, quota, seed, Demand(seed, [*before, (begins, float("inf"))]))
    seen.run(begins + SURGE)
    return steady(seen, begins, begins + SURGE).throttled


def unused_growth(start: Start, quota: float, seed: int) -> float:
    """How often the rate in use goes into the allowed one after a quarter of an hour at half of the quota."""
    seen = world(start, quota, seed, Demand(seed, [(0.0, quota / 2)]))
    seen.run(UNDER_USED)
    return seen.rate / max(quota / 2, start_for(quota) / 2)


def bars(start: Start = ours, seeds: int = 5) -> Iterator[Bar]:
    """Every bar, each with the worst of the seeds."""
    every = range(seeds)
    for quota in QUOTAS:
        most = 30.0 if quota == 5 else 15.0
        for outage in OUTAGES:
            seconds = max(until_back(start, quota, outage, seed) for seed in every)
            yield Bar(f"seconds until back after {outage:g} s of total throttling, quota {quota:g}", seconds, most)
        seconds = max(until_back(start, quota, 60.0, seed, watchers=4) for seed in every)
        yield Bar(f"the same after 60 s, 4 watchers, quota {quota:g}", seconds, most)
        for name, before in surges(quota).items():
            part = max(throttled_in_surge(start, quota, seed, before) for seed in every)
            yield Bar(f"part throttled in a surge after {name}, quota {quota:g}", part, SURGE_THROTTLED)
        growth = max(unused_growth(start, quota, seed) for seed in every)
        yield Bar(f"rate through rate in use, quota {quota:g} used by half", growth, 2.0)


def surges(quota: float) -> dict[str, list[tuple[float, float]]]:
    """What comes before a surge."""
    return {
        "nothing at all": [(0.0, 0.0)],
        "full work and a quarter of an hour of rest": [(0.0, float("inf")), (WARM_UP, 0.0)],
        "half of the quota in use": [(0.0, quota / 2)],
        "four fifths in use": [(0.0, quota * 0.8)],
        "a tenth in use": [(0.0, quota / 10)],
    }
