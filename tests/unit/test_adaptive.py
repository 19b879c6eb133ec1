import math
from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.adaptive_caller import BEGIN, LONG_QUIET, Caller, no_chance, settled
from watcher.adaptive import FLOOR, AdaptiveRate, start_rate
from watcher.adaptive.balance import MOST_GROWTH
from watcher.adaptive.search import RISE


@pytest.mark.parametrize(
    ("region", "rate"), [("us-east-1", 25.0), ("us-west-2", 25.0), ("eu-west-1", 5.0), ("", 5.0)]
)
def test_it_starts_from_the_regions_default_quota(region: str, rate: float) -> None:
    assert start_rate(region) == rate
    assert AdaptiveRate(rate).rate == rate


def test_calls_are_spaced_by_the_rate() -> None:
    caller = Caller(AdaptiveRate(25.0, no_chance))
    caller.call(26)
    assert caller.now - BEGIN == pytest.approx(1.0, rel=0.05)


def test_asking_in_vain_costs_nothing() -> None:
    limiter = AdaptiveRate(2.0, no_chance)
    assert limiter.acquire(BEGIN) == 0.0
    first = limiter.acquire(BEGIN)
    assert first == pytest.approx(0.5, rel=0.1)
    assert [limiter.acquire(BEGIN) for _ in range(5)] == [first] * 5
    assert limiter.acquire(BEGIN + first) == 0.0


def test_an_idle_hour_saves_up_no_burst() -> None:
    limiter = AdaptiveRate(5.0, no_chance)
    limiter.acquire(BEGIN)
    assert limiter.acquire(BEGIN + 3600) == 0.0
    assert limiter.acquire(BEGIN + 3600) > 0.0


def test_before_the_first_throttle_the_rate_rises_steadily() -> None:
    caller = Caller(AdaptiveRate(25.0, no_chance))
    caller.call_for(20)
    assert caller.limiter.rate == pytest.approx(25.0 * math.exp(RISE * 20), rel=0.1)


@pytest.mark.parametrize("under_way", [2, 5, 16])
def test_calls_begun_before_a_decrease_cause_no_other(under_way: int) -> None:
    caller = settled()
    for _ in range(under_way):
        caller.begin()
    caller.end(throttled=True)
    lowered = caller.limiter.rate
    for _ in range(under_way - 1):
        caller.end(throttled=True)
    assert caller.limiter.rate == lowered
    caller.call(throttled=True)
    assert caller.limiter.rate < lowered


def test_a_call_that_no_leave_was_given_for_is_no_reason_to_miscount() -> None:
    """The calls of the limiter that a reload replaced end at the new one."""
    caller = settled()
    for _ in range(20):
        caller.end()
    caller.begin()
    before = caller.limiter.rate
    caller.end(throttled=True)
    caller.call(LONG_QUIET)
    caller.call(throttled=True)
    assert caller.limiter.rate < before


def test_without_work_that_waits_for_it_the_rate_does_not_grow() -> None:
    caller = settled()
    caller.idle(5, every=0.2)
    before = caller.limiter.rate
    caller.idle(3600, every=0.2)
    assert caller.limiter.rate == before


def test_time_without_work_brings_no_throttle_nearer_to_overdue() -> None:
    busy, rested = settled(), settled()
    for caller in (busy, rested):
        caller.call(throttled=True)
    rested.now += 3600
    for caller in (busy, rested):
        caller.call(50)
    assert rested.limiter.rate == pytest.approx(busy.limiter.rate, rel=0.01)


def test_workers_that_cannot_keep_up_do_not_raise_the_rate() -> None:
    """As with less work: when a worker comes free, the call's turn has long come."""
    caller = Caller(AdaptiveRate(25.0, no_chance))
    caller.idle(3600, every=0.1)
    assert caller.limiter.rate == pytest.approx(25.0)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 20), st.sampled_from([0.0, 0.1, 7.0, 600.0])), max_size=200))
@example([(True, 1, 0.0), (False, 14, 0.0), (True, 8, 0.0), (False, 1, 0.0)])
@settings(max_examples=100, deadline=None)
def test_the_rate_stays_above_its_floor_and_below_what_was_tried(steps: Iterable[tuple[bool, int, float]]) -> None:
    caller = Caller(AdaptiveRate(5.0, no_chance))
    busy = 0.0
    for throttled, times, pause in steps:
        begun = caller.now
        caller.call(times, throttled=throttled)
        # A bound is added for the first call of each step: it may be taken for one that had to wait.
        busy += caller.now - begun + 2.0 / FLOOR
        caller.now += pause
        assert FLOOR * 0.999 <= caller.limiter.rate <= 5.0 * math.exp(MOST_GROWTH * busy)


def test_throttles_alone_end_at_the_floor() -> None:
    caller = settled(5.0)
    caller.call(300, throttled=True)
    assert caller.limiter.rate == FLOOR


def test_chance_sets_watchers_in_step_apart() -> None:
    delays = []
    for chance in (0.0, 0.9):
        limiter = AdaptiveRate(1.0, lambda chance=chance: chance)  # type: ignore[misc]
        limiter.acquire(BEGIN)
        limiter.heed(BEGIN, throttled=True)
        delays.append(limiter.acquire(BEGIN))
    assert delays[1] - delays[0] == pytest.approx(0.9, rel=0.1)
