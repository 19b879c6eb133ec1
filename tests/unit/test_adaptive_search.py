import math

import pytest

from watcher.adaptive.balance import FLOOR
from watcher.adaptive.search import BEYOND, CALM, FALL, FALL_STEP, RISE, Phase, Search

TICK = 0.04


def calls(
    search: Search, times: int, *, throttled: bool = False, seconds: float = TICK, pressed: bool = True
) -> None:
    for _ in range(times):
        search.elapse(seconds, pressed=pressed)
        if throttled:
            search.throttled()
        else:
            search.passed()


def phase_of(search: Search) -> Phase:
    return search.phase


def falling(seconds: float = TICK) -> Search:
    search = Search(25.0)
    calls(search, 1, throttled=True, seconds=seconds)
    return search


def test_it_rises_until_the_first_throttle() -> None:
    search = Search(25.0)
    calls(search, 100)
    assert search.rate == pytest.approx(25.0 * math.exp(RISE * 100 * TICK), rel=0.01)
    calls(search, 1, throttled=True)
    assert phase_of(search) is Phase.FALLING


def test_it_does_not_rise_while_the_rate_is_not_what_limits() -> None:
    search = Search(25.0)
    calls(search, 100, pressed=False)
    assert search.rate == 25.0


def test_it_falls_by_the_clock_however_many_calls_are_throttled() -> None:
    seldom, often = falling(), falling()
    for number in range(int(FALL / TICK)):
        calls(often, 1, throttled=True)
        calls(seldom, 1, throttled=number % (CALM - 1) == 0)
    assert seldom.rate == pytest.approx(often.rate)
    assert often.rate == pytest.approx(25.0 * math.exp(RISE * TICK) / math.e, rel=0.02)


def test_one_call_takes_part_in_the_fall_up_to_a_bound_and_nothing_goes_below_the_floor() -> None:
    search = falling()
    before = search.rate
    calls(search, 1, throttled=True, seconds=60.0)
    assert search.rate == pytest.approx(before * math.exp(-FALL_STEP))
    calls(search, 1000, throttled=True, seconds=60.0)
    assert search.rate == FLOOR


def test_calls_in_a_row_that_pass_end_the_fall() -> None:
    search = falling()
    calls(search, CALM - 1)
    assert phase_of(search) is Phase.FALLING
    calls(search, 1)
    assert phase_of(search) is Phase.REGAINING


def test_the_share_is_what_was_served_a_second_while_it_fell() -> None:
    search = falling(seconds=0.0)
    for _ in range(60):  # one in four is served: 6.25 a second
        calls(search, 3, throttled=True)
        calls(search, 1)
    fallen = FALL / TICK  # and goes on until the rate is below that
    calls(search, int(fallen), throttled=True)
    calls(search, CALM)
    served, seconds = 60 + CALM, (60 * 4 + int(fallen) + CALM) * TICK
    calls(search, 2000)
    assert search.share is not None
    assert served / seconds == pytest.approx(search.share, rel=0.15)


def test_who_comes_to_others_takes_for_its_share_no_more_than_a_few_times_what_passed_in_the_end() -> None:
    search = falling()
    calls(search, 2, throttled=True)
    search._served = 10_000
    calls(search, CALM)
    fallen = search.rate
    calls(search, 1)
    search.throttled()
    assert search.share == pytest.approx(BEYOND * fallen)


def test_a_throttle_while_it_regains_ends_it_at_the_share_that_was_served() -> None:
    search = falling()
    calls(search, CALM)
    assert search.share is None
    search.throttled()
    assert search.share == pytest.approx(search._served / search._falling)


def test_the_share_is_no_less_than_what_passed_in_the_end() -> None:
    """One with little work is served little, and is not slowed down for it."""
    search = falling()
    calls(search, CALM, seconds=2.0)
    search.throttled()
    assert search.share == search.rate > search._served / search._falling
