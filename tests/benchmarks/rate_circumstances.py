"""What else can be the matter with watchers that share a quota: slow calls, bursts of work, rests, late starts."""

from collections.abc import Callable

from tests.benchmarks.quota_world import Quota, Steady, Work, World, always, steady
from tests.benchmarks.rate_limiters import adaptive

WATCHERS, QUOTA = 4, 25.0
WARM_UP = 120.0


def _world(seed: int, watchers: int = WATCHERS, work: Work = always, slower: float = 1.0) -> World:
    world = World(adaptive, watchers, Quota(QUOTA, 1.0), seed, work=work, slower=slower)
    world.run(WARM_UP)
    return world


def in_bursts(number: int, now: float, taken: int) -> float:
    """20 s of work in 40, at other times for each, so that two of four have some at any time."""
    place = (now + 10.0 * number) % 40.0
    return 40.0 - place if place >= 20.0 else 0.0


def first_rests(number: int, now: float, taken: int) -> float:
    """The first has nothing to do for ten minutes after the warm-up."""
    return WARM_UP + 600.0 - now if number == 0 and WARM_UP <= now < WARM_UP + 600.0 else 0.0


def _rested(seed: int, work: Work) -> World:
    world = _world(seed, work=work)
    world.run(600.0)
    return world


def _late(seed: int) -> World:
    world = _world(seed, watchers=1)
    for _ in range(WATCHERS - 1):
        world.join()
        world.run(60.0)
    return world


CIRCUMSTANCES: dict[str, Callable[[int], World]] = {
    "calls of 0.3 to 0.6 s": lambda seed: _world(seed, slower=10.0),
    "work in bursts: 20 s of 40, two watchers at a time": lambda seed: _world(seed, work=in_bursts),
    "while one of four has had nothing to do": lambda seed: _world(seed, work=first_rests),
    "after one of four had nothing to do for ten minutes": lambda seed: _rested(seed, first_rests),
    "after three joined one, a minute apart": _late,
}
"""Worlds that have come to the moment from which on they are looked at."""


def under(name: str, seed: int, seconds: float) -> Steady:
    """What so many seconds in these circumstances show."""
    world = CIRCUMSTANCES[name](seed)
    begin = world.now
    world.run(seconds)
    return steady(world, begin, world.now)
