"""One run of some watchers against one quota, and what many such runs show."""

from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from tests.benchmarks.quota_world import Found, Quota, Steady, World, found_after, steady
from tests.benchmarks.rate_limiters import LIMITERS

USED, CALM = Found(used=0.9), Found(throttled=0.02)
BOTH = Found(used=0.9, throttled=0.02)

FOUND_WITHIN = 30.0
EVEN_WITHIN = 0.3

SHORT = 300.0
"""Seconds over which shares are looked at too, beside the whole steady state."""

Change = Callable[[World], None]
CHANGES: dict[str, tuple[Change, Found]] = {
    "doubled": (lambda world: world.quota.change(world.quota.rate * 2, world.now), USED),
    "halved": (lambda world: world.quota.change(world.quota.rate / 2, world.now), CALM),
    "joined": (World.join, BOTH),
    "left": (World.leave, USED),
}


class Plan(NamedTuple):
    """Seconds of virtual time, moments at which something changes, and how often all of it is done."""

    warm_up: float
    steady: float
    changed: float
    moments: int
    seeds: int


class Case(NamedTuple):
    """One run."""

    limiter: str
    quota: float
    watchers: int
    burst: float
    plan: Plan
    seed: int


class Seen(NamedTuple):
    """What one run shows; `found`: the median of its moments, in seconds."""

    steady: Steady
    uneven_short: float
    found: dict[str, float]


def measure(case: Case) -> Seen:
    """The steady state, and what follows each change at some moments in it."""
    plan = case.plan
    make = LIMITERS[case.limiter](case.quota, case.watchers)
    world = World(make, case.watchers, Quota(case.quota, case.burst), seed=case.seed)
    world.run(plan.warm_up)
    found: dict[str, list[float]] = {name: [] for name in CHANGES if name != "left" or case.watchers > 1}
    for _ in range(plan.moments):
        world.run(plan.steady / plan.moments)
        for name, seconds in found.items():
            seconds.append(after(world.branch(), name, plan.changed))
    short = min(SHORT, plan.steady)
    parts = [plan.warm_up + short * number for number in range(int(plan.steady / short))]
    return Seen(
        steady(world, plan.warm_up, world.now),
        median(steady(world, begin, begin + short).uneven for begin in parts),
        {name: median(seconds) for name, seconds in found.items()},
    )


def after(world: World, name: str, seconds: float) -> float:
    """Seconds until a change has been coped with."""
    change, found = CHANGES[name]
    begin = world.now
    change(world)
    world.run(seconds)
    return found_after(world, begin, found)


class Figures(NamedTuple):
    """What is held to the bars: of the middle seed, or the worst of all for each figure by itself."""

    used: float
    throttled: float
    uneven: float
    uneven_short: float
    found: dict[str, float]

    def verdict(self) -> str:
        """Which of the bars are reached."""
        goal = self.used >= 0.95 and self.throttled <= 0.01
        least = self.used >= 0.9 and self.throttled <= 0.02
        missed = [name for name, seconds in self.found.items() if seconds > FOUND_WITHIN]
        if self.uneven > EVEN_WITHIN:
            missed.insert(0, "even shares")
        words = "goal" if goal else "least" if least else "MISSED"
        return words + (f"; missed: {', '.join(missed)}" if missed else "")


def middle(seen: list[Seen]) -> Figures:
    """The median of the seeds."""
    return _figures(seen, median, median)


def worst(seen: list[Seen]) -> Figures:
    """The worst of the seeds."""
    return _figures(seen, min, max)


def _figures(seen: list[Seen], more: Callable[[list[float]], float], less: Callable[[list[float]], float]) -> Figures:
    return Figures(
        used=more([one.steady.used for one in seen]),
        throttled=less([one.steady.throttled for one in seen]),
        uneven=less([one.steady.uneven for one in seen]),
        uneven_short=less([one.uneven_short for one in seen]),
        found={name: less([one.found[name] for one in seen]) for name in seen[0].found},
    )
