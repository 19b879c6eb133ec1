"""Sessions that end as told, polled as told, for the tests of what learns from them."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

from watcher.schedule.plan import PlanBucket
from watcher.schedule.schedule import Schedule
from watcher.schedule.survival import SurvivalCurve

Saw = Callable[[float, float, bool], None]


@dataclass(slots=True, eq=False)
class PlannedSession:
    """All of a session that the schedule needs."""

    planned_for: PlanBucket | None = None


def lasts(chance: random.Random, median: float = 20.0, sigma: float = 0.5, never: float = 0.1) -> float:
    return math.inf if chance.random() < never else chance.lognormvariate(math.log(median), sigma)


def share_alive(age: float, median: float = 20.0, sigma: float = 0.5, never: float = 0.1) -> float:
    return 1 - (1 - never) * NormalDist().cdf(math.log(age / median) / sigma)


def ends_between(curve: SurvivalCurve, low: float, high: float) -> float:
    """Probability that a session on the way at `low` is over at `high`."""
    return 1.0 - curve.survival(high) / curve.survival(low)


def polls(end: float, interval: float, first: float) -> Iterator[tuple[float, float, bool]]:
    """What each poll of a session sees: from, to, and whether it was over."""
    low, high = 0.0, first
    while True:
        over = high >= end
        yield low, high, over
        if over or high >= 180.0:
            return
        low, high = high, min(180.0, high + interval)


def observe(saw: Saw, end: float, interval: float, chance: random.Random) -> None:
    for low, high, over in polls(end, interval, chance.uniform(0.0, interval)):
        saw(low, high, over)


def teach(schedule: Schedule, sessions: int, kind: str = "default", **shape: float) -> None:
    """Let a schedule see so many sessions, each polled every two seconds."""
    chance = random.Random(1)
    for _ in range(sessions):
        observe(
            lambda low, high, over: schedule.record(kind, low, high, ended=over), lasts(chance, **shape), 2.0, chance
        )


def taught(rate: float = 0.0, sessions: int = 300, kind: str = "default", **shape: float) -> Schedule:
    """A schedule that has seen so many sessions, as after a restart: the lesson is given once for all tests."""
    schedule = Schedule(lambda: rate)
    schedule.load(_lesson(sessions, kind, **shape))
    return schedule


@cache
def _lesson(sessions: int, kind: str, **shape: float) -> str:
    schedule = Schedule()
    teach(schedule, sessions, kind, **shape)
    return schedule.dump()
