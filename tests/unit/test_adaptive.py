import math
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.adaptive_caller import BEGIN, LONG_QUIET, Caller, no_chance, phase_of, settled
from watcher.adaptive import (
    CALM,
    CROWDED_DECREASE,
    DECREASE,
    FALL,
    FLOOR,
    FRESH,
    MOST_GROWTH,
    PATIENCE,
    RISE,
    AdaptiveRate,
    Phase,
    start_rate,
)


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


def test_the_first_throttle_makes_the_rate_fall_by_the_clock_until_calls_pass() -> None:
    caller = Caller(AdaptiveRate(25.0, no_chance))
    caller.call(throttled=True)
    while caller.now < BEGIN + FALL:
        caller.call(throttled=True)
    assert caller.limiter.rate == pytest.approx(25.0 / math.e, rel=0.1)
    caller.call(CALM)
    fallen = caller.limiter.rate
    caller.call_for(2)
    assert caller.limiter.rate > fallen


def test_watchers_that_start_together_fall_together_however_many_throttles_each_gets() -> None:
    seldom, often = Caller(AdaptiveRate(25.0, no_chance)), Caller(AdaptiveRate(25.0, no_chance))
    for number in range(100):
        often.call(throttled=True)
        seldom.call(throttled=number % (CALM - 1) == 0)
    assert seldom.limiter.rate == pytest.approx(often.limiter.rate)


def test_a_fall_that_ended_too_early_goes_on() -> None:
    caller = Caller(AdaptiveRate(25.0, no_chance))
    caller.call(throttled=True)
    caller.call(FRESH - 1)
    assert phase_of(caller) is Phase.REGAINING
    caller.call(throttled=True)
    assert phase_of(caller) is Phase.FALLING


def test_a_throttle_lowers_the_rate_by_its_share() -> None:
    caller = settled()
    caller.begin()
    before = caller.limiter.rate
    caller.end(throttled=True)
    assert caller.limiter.rate == pytest.approx(before * (1 - DECREASE))


def test_a_throttle_right_after_another_takes_more() -> None:
    caller = settled()
    caller.call(throttled=True)
    caller.begin()
    before = caller.limiter.rate
    caller.end(throttled=True)
    assert caller.limiter.rate == pytest.approx(before * (1 - CROWDED_DECREASE))


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
    assert caller.limiter.rate < before * (1 - DECREASE)


def test_the_rate_wins_back_in_one_patience_what_a_throttle_took() -> None:
    caller = settled(100.0)
    caller.begin()
    before = caller.limiter.rate
    caller.end(throttled=True)
    caller.call_for(PATIENCE)
    assert caller.limiter.rate == pytest.approx(before, rel=0.05)


def test_the_longer_no_throttle_comes_the_faster_the_rate_grows_up_to_a_bound() -> None:
    caller = settled(100.0)
    caller.call(throttled=True)
    growths = []
    for _ in range(8):
        before, begun = caller.limiter.rate, caller.now
        caller.call_for(PATIENCE / 2)
        growths.append(math.log(caller.limiter.rate / before) / (caller.now - begun))
    assert growths[0] == pytest.approx(growths[1], rel=0.1)
    assert growths[1] < growths[2] < growths[3] < growths[4]
    assert max(growths) <= MOST_GROWTH * 1.001


def test_a_watcher_that_has_become_fast_is_no_longer_as_patient_as_a_slow_one() -> None:
    caller = settled(2.0)
    while caller.limiter.rate < 50.0:
        caller.call()
    caller.call(throttled=True)
    before = caller.limiter.rate
    caller.call_for(2 * PATIENCE)
    assert caller.limiter.rate > before * 1.1


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
        assert FLOOR <= caller.limiter.rate <= 5.0 * math.exp(MOST_GROWTH * busy)


def test_throttles_alone_end_at_the_floor() -> None:
    caller = settled(5.0)
    caller.call(100, throttled=True)
    assert caller.limiter.rate == FLOOR


def test_chance_sets_watchers_in_step_apart() -> None:
    delays = []
    for chance in (0.0, 0.9):
        limiter = AdaptiveRate(1.0, lambda chance=chance: chance)  # type: ignore[misc]
        limiter.acquire(BEGIN)
        limiter.heed(BEGIN, throttled=True)
        delays.append(limiter.acquire(BEGIN))
    assert delays[1] - delays[0] == pytest.approx(0.9, rel=0.1)
