import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.adaptive.balance import (
    BELIEF,
    CUT,
    DOUBT,
    FLOOR,
    GRACE,
    MOST_GROWTH,
    NEARLY,
    OVERDUE,
    PASSED_ON,
    PULL,
    RECOVERY,
    REGULAR,
    SURE,
    Balance,
    wanted,
)


def call(balance: Balance, *, throttled: bool = False) -> None:
    balance.elapse(1.0 / balance.rate)
    if throttled:
        balance.throttled()
    else:
        balance.passed()


def calls(balance: Balance, patiences: float) -> None:
    for _ in range(int(patiences / wanted(balance.rate))):
        call(balance)


def old(share: float = 25.0) -> Balance:
    """Past its grace, just throttled."""
    balance = Balance(share)
    while balance._age < GRACE:
        call(balance)
    balance.throttled()
    for _ in range(100):
        balance.passed()
    return balance


@given(st.floats(0.05, 500.0), st.floats(1.001, 10.0))
def test_the_faster_a_watcher_is_the_smaller_the_share_of_its_calls_that_may_be_throttled(
    rate: float, factor: float
) -> None:
    assert wanted(rate * factor) < wanted(rate)


@given(st.floats(0.3, 500.0), st.floats(1.001, 10.0))
def test_the_faster_a_watcher_is_the_more_often_it_is_throttled(rate: float, factor: float) -> None:
    """Else a fast one would be the last to notice another quota."""
    if rate >= 0.6:
        assert rate * factor * wanted(rate * factor) > rate * wanted(rate)


@pytest.mark.parametrize("share", [5 / 8, 25 / 8, 25.0, 100.0])
def test_equal_shares_of_up_to_eight_take_no_more_than_two_percent_throttled(share: float) -> None:
    assert wanted(share) < 0.02


def test_a_throttle_takes_its_part_and_one_patience_gives_it_back() -> None:
    balance = old()
    before = balance.rate
    balance.throttled()
    assert balance.rate == pytest.approx(before * (1 - PULL))
    calls(balance, 1.0)
    assert balance.rate == pytest.approx(before, rel=0.005)


@pytest.mark.parametrize("share", [0.6, 3.0, 25.0])
def test_all_win_back_the_same_part_in_their_patience(share: float) -> None:
    balance = old(share)
    before = balance.rate
    calls(balance, 1.0)
    assert balance.rate == pytest.approx(before * math.exp(PULL), rel=0.005)


def test_growth_without_a_throttle_gets_faster_up_to_a_bound() -> None:
    balance = old()
    calls(balance, OVERDUE)
    growths = []
    for _ in range(12):
        before, seconds = balance.rate, 0.0
        for _ in range(20):
            seconds += 1.0 / balance.rate
            call(balance)
        growths.append(math.log(balance.rate / before) / seconds)
    assert growths[:4] == sorted(growths[:4])
    assert growths[3] > 4 * growths[0]
    assert max(growths) <= MOST_GROWTH + PULL


def test_growth_that_meets_a_throttle_before_long_is_taken_back() -> None:
    balance = old()
    calls(balance, OVERDUE)
    before = balance.rate
    while balance._patiences() < DOUBT - 0.05:
        call(balance)
    assert balance.rate > 1.3 * before
    balance.throttled()
    assert balance.rate == pytest.approx(before * (1 - PULL), rel=0.05)


def test_growth_that_long_met_no_throttle_is_kept() -> None:
    balance = old()
    while balance._share < 1.5 * 25:
        before = balance._patiences()
        call(balance)
    assert before == pytest.approx(BELIEF, rel=0.02)
    grown = balance.rate
    assert grown > 1.8 * 25
    balance.throttled()
    assert balance.rate == pytest.approx(grown * (1 - PULL), rel=0.01)


def test_growth_is_kept_sooner_where_throttles_come_as_regularly_as_those_of_one_who_is_alone() -> None:
    kept = []
    for sooner in (REGULAR, REGULAR - 1):
        balance = old()
        for _ in range(sooner):
            calls(balance, NEARLY + 0.1)
            balance.throttled()
        before = balance.rate
        while balance._patiences() < DOUBT - 0.05:
            call(balance)
        balance.throttled()
        kept.append(balance.rate / before)
    assert kept[0] > 1.2
    assert kept[1] < 1.05


def test_a_throttle_too_soon_ends_the_regularity() -> None:
    balance = old()
    for patiences in (*[NEARLY + 0.1] * (REGULAR + 3), 0.5, *[NEARLY + 0.1] * (REGULAR - 1)):
        calls(balance, patiences)
        balance.throttled()
    before = balance.rate
    while balance._patiences() < DOUBT - 0.05:
        call(balance)
    balance.throttled()
    assert balance.rate < 1.05 * before


def test_throttles_close_together_lower_the_rate_more_and_it_comes_back_by_itself() -> None:
    balance = old()
    before = balance.rate
    for _ in range(3):
        balance.throttled()
    lowered = balance.rate
    assert lowered < before * (1 - PULL) ** 3 * (1 - CUT / 2)
    seconds = 0.0
    while balance._swing < 1.0:
        seconds += 1.0 / balance.rate
        call(balance)
    assert balance.rate == pytest.approx(before * (1 - PULL) ** 3, rel=0.15)
    assert seconds == pytest.approx(-math.log(1 - CUT) / RECOVERY, rel=0.2)


def test_throttles_that_go_on_lower_the_share_for_good() -> None:
    balance = old()
    for number in range(60):
        call(balance, throttled=number % 2 == 0)
    assert balance.rate < 5.0
    assert balance._share < 5.0


def test_once_it_is_sure_a_swing_down_becomes_part_of_the_share() -> None:
    balance = old()
    while balance._crowd < SURE:
        balance.throttled()
    share, swing = balance._share, balance._swing
    balance.throttled()
    assert balance._share == pytest.approx(share * (1 - CUT) * swing**PASSED_ON, rel=0.01)


def test_in_its_first_seconds_a_balance_gives_up_nothing_for_good_but_the_usual_part() -> None:
    balance = Balance(25.0)
    for _ in range(6):
        call(balance, throttled=True)
    assert balance.rate < 10.0
    assert balance._share == pytest.approx(25.0 * (1 - PULL) ** 6, rel=0.01)


def test_nothing_goes_below_the_floor() -> None:
    balance = Balance(0.01)
    assert balance.rate == FLOOR
    for _ in range(300):
        call(balance, throttled=True)
    assert balance.rate == FLOOR
