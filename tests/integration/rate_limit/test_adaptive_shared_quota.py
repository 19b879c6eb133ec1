"""What many adaptive rates make of one quota, in virtual time; bench_rate.py measures the same at length."""

from functools import partial
from statistics import median

import pytest

from tests.benchmarks.quota_world import Found, Quota, World, found_after, steady
from tests.benchmarks.rate_bars import (
    OUTAGES,
    SURGE_THROTTLED,
    ours,
    surges,
    throttled_in_surge,
    until_back,
    unused_growth,
)
from watcher.rate_limit import AdaptiveRate


def shared_by(watchers: int, quota: float, start: float = 25.0, seconds: float = 420.0) -> World:
    """Some minutes of watchers that share a quota."""
    world = World(
        lambda chance: AdaptiveRate(start, partial(chance.uniform, 0.0, 1.0)), watchers, Quota(quota, 1.0), seed=7
    )
    world.run(seconds)
    return world


@pytest.mark.parametrize(
    ("watchers", "quota", "until"),
    [(1, 5, 420), (2, 5, 420), (1, 25, 420), (2, 25, 420), (4, 25, 420), (1, 100, 240)],
)
def test_a_quota_is_used_with_few_calls_throttled(watchers: int, quota: float, until: float) -> None:
    seen = steady(shared_by(watchers, quota, seconds=until), 120, until)
    assert seen.used >= 0.95
    assert seen.throttled <= 0.02


def test_a_quota_of_one_call_a_second_is_used_with_few_calls_throttled() -> None:
    world = shared_by(1, 1.0, start=5.0)
    calls = [call for call in world.calls if call[0] >= 120]
    assert len(calls) >= 0.85 * 300
    assert sum(throttled for _, _, throttled in calls) <= 0.05 * len(calls)


@pytest.mark.parametrize(("watchers", "quota"), [(2, 5), (4, 25), (8, 25)])
def test_watchers_share_a_quota_evenly(watchers: int, quota: float) -> None:
    assert steady(shared_by(watchers, quota, seconds=720), 120, 720).uneven <= 0.3


@pytest.mark.parametrize(("factor", "found"), [(2.0, Found(used=0.9)), (0.5, Found(throttled=0.02))])
def test_a_changed_quota_is_found_again_within_half_a_minute(factor: float, found: Found) -> None:
    world = shared_by(1, 25, seconds=180)
    begin = world.now
    world.quota.change(25 * factor, begin)
    world.run(35)
    assert found_after(world, begin, found) <= 30


@pytest.mark.parametrize(("watchers", "seconds"), [(1, 40), (2, 30)])
def test_a_doubled_quota_is_found_though_the_bucket_is_small(watchers: int, seconds: int) -> None:
    world = World(
        lambda chance: AdaptiveRate(25.0, partial(chance.uniform, 0.0, 1.0)), watchers, Quota(25, 0.1), seed=7
    )
    found = []
    for _ in range(5):
        world.run(120)
        changed = world.branch()
        changed.quota.change(50, world.now)
        changed.run(seconds + 5)
        found.append(found_after(changed, world.now, Found(used=0.9)))
    assert median(found) <= seconds


def test_a_start_far_from_the_quota_is_forgotten() -> None:
    assert steady(shared_by(1, 100, start=5.0, seconds=240), 120, 240).used >= 0.95
    assert steady(shared_by(1, 5, start=25.0), 120, 420).throttled <= 0.02


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize(("quota", "most"), [(5.0, 30.0), (25.0, 15.0), (100.0, 15.0)])
def test_the_rate_is_back_soon_after_an_outage(quota: float, most: float, outage: float) -> None:
    assert until_back(ours, quota, outage, seed=1) <= most


@pytest.mark.parametrize("before", surges(25.0))
def test_a_surge_has_few_calls_throttled(before: str) -> None:
    assert throttled_in_surge(ours, 25.0, 1, surges(25.0)[before]) <= SURGE_THROTTLED


def test_a_rate_that_is_used_by_half_stays_within_twice_the_rate_in_use() -> None:
    assert unused_growth(ours, 50.0, seed=1) <= 2.0
