import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rate_limit.caller import BEGIN, Caller, no_chance
from watcher.rate_limit import AdaptiveRate, start_rate
from watcher.rate_limit.constants import CONSTANTS


def settled(start: float = 25.0) -> Caller:
    """Some time after its first throttle."""
    caller = Caller(start)
    caller.call(20)
    caller.call(throttled=True)
    caller.call(60)
    return caller


@pytest.mark.parametrize(
    ("region", "rate"), [("us-east-1", 25.0), ("us-west-2", 25.0), ("eu-west-1", 5.0), ("", 5.0)]
)
def test_it_starts_from_the_regions_default_quota(region: str, rate: float) -> None:
    assert start_rate(region) == rate
    assert AdaptiveRate(rate).rate == rate


def test_calls_are_spaced_by_the_rate() -> None:
    caller = Caller()
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


@pytest.mark.parametrize("under_way", [2, 5, 16])
def test_calls_begun_before_a_decrease_cause_no_other(under_way: int) -> None:
    caller = settled()
    for _ in range(under_way):
        caller.begin()
    caller.end(throttled=True)
    lowered = caller.rate
    for _ in range(under_way - 1):
        caller.end(throttled=True)
    assert caller.rate == lowered
    caller.call(throttled=True)
    assert caller.rate < lowered


def test_a_call_of_a_replaced_limiter_does_not_upset_the_count() -> None:
    caller = settled()
    for _ in range(20):
        caller.end()
    before = caller.rate
    caller.call(throttled=True)
    assert caller.rate < before


def test_one_throttle_takes_no_more_than_the_constant_says() -> None:
    caller = settled()
    before = caller.rate
    caller.call(throttled=True)
    assert caller.rate >= before * (1 - CONSTANTS.decrease) * 0.999


@pytest.mark.parametrize("seconds", [10.0, 60.0])
@pytest.mark.parametrize("rate", [5.0, 25.0, 100.0])
def test_total_throttling_leaves_a_part_of_the_rate_that_was_served(rate: float, seconds: float) -> None:
    caller = settled(rate)
    before = caller.rate
    caller.call_for(seconds, throttled=True)
    assert caller.rate >= before * CONSTANTS.floor * (1 - CONSTANTS.decrease)
    assert caller.rate <= before * 2 * CONSTANTS.floor


@pytest.mark.parametrize("seconds", [10.0, 60.0])
@pytest.mark.parametrize("rate", [1.0, 5.0, 25.0, 100.0])
def test_it_recovers_by_the_clock_however_long_all_was_throttled(rate: float, seconds: float) -> None:
    caller = settled(rate)
    before = caller.rate
    caller.call_for(seconds, throttled=True)
    caller.call_for(15.0)
    assert caller.rate >= before * 0.8


def test_outages_that_repeat_do_not_wear_the_rate_down() -> None:
    caller = settled()
    before = caller.rate
    for _ in range(10):
        caller.call_for(10.0, throttled=True)
        caller.call_for(20.0)
    assert caller.rate >= before * 0.8


def test_a_quota_that_shrank_for_good_is_followed_below_the_floor() -> None:
    caller = settled(100.0)
    for _ in range(400):  # about one call in ten is served
        caller.call(9, throttled=True)
        caller.call()
    assert caller.rate < 2.0


def test_a_rate_that_half_is_used_of_does_not_grow() -> None:
    caller = settled()
    every = 2.0 / caller.rate
    caller.use(20, every)
    before = caller.rate
    caller.use(300, every)
    assert caller.rate == before


def test_a_fully_used_rate_grows() -> None:
    caller = settled()
    before = caller.rate
    caller.call_for(60)
    assert caller.rate > before * 1.2


def test_time_without_work_is_no_time_without_a_throttle() -> None:
    busy, rested = settled(), settled()
    rested.now += 3600
    for caller in (busy, rested):
        caller.call_for(10)
    assert rested.rate <= busy.rate


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 20), st.sampled_from([0.0, 0.1, 7.0, 600.0])), max_size=40))
def test_the_rate_stays_above_nothing_and_below_what_its_growth_allows(steps: list[tuple[bool, int, float]]) -> None:
    caller = Caller(5.0)
    highest = caller.rate
    for throttled, times, pause in steps:
        for _ in range(times):
            caller.call(throttled=throttled)
            # A call grows by two of its own intervals at most.
            assert 0.0 < caller.rate <= highest * 1.0001 * 2.72 ** (2.0 * CONSTANTS.growth / highest)
            highest = max(highest, caller.rate)
        caller.now += pause


def test_chance_sets_watchers_in_step_apart() -> None:
    delays = []
    for chance in (0.0, 0.9):
        limiter = AdaptiveRate(1.0, lambda chance=chance: chance)  # type: ignore[misc]
        limiter.acquire(BEGIN)
        limiter.on_response(BEGIN, throttled=True)
        delays.append(limiter.acquire(BEGIN))
    assert delays[1] - delays[0] == pytest.approx(0.9, rel=0.15)
