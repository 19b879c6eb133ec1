import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.adaptive.balance import (
    CUT,
    FLOOR,
    FOLLOWING,
    KNEE,
    LONGEST,
    MOST_GROWTH,
    PATIENCE,
    REMAINS,
    SOONER,
    Balance,
    cut,
    patience,
)


def calls(balance: Balance, patiences: float) -> float:
    """So many patiences without a throttle, in seconds."""
    until, seconds = balance._quiet + patiences, 0.0
    while balance._quiet < until:
        seconds += 1.0 / balance.rate
        balance.elapse(1.0 / balance.rate)
    return seconds


def grown(balance: Balance, patiences: float) -> float:
    before = balance.rate
    calls(balance, patiences)
    return math.log(balance.rate / before)


def taken(balance: Balance) -> float:
    before = balance.rate
    balance.throttled()
    return -math.log(balance.rate / before)


@given(st.floats(KNEE, 500.0), st.floats(1.001, 10.0))
def test_the_faster_a_fast_watcher_is_the_more_calls_it_expects_one_throttle_in(rate: float, factor: float) -> None:
    assert rate * factor * patience(rate * factor) > rate * patience(rate)


@given(st.floats(0.05, 500.0))
def test_none_expects_more_than_one_throttle_in_forty_calls(rate: float) -> None:
    assert rate * patience(rate) >= 40.0


@given(st.floats(0.05, 500.0), st.floats(1.0, 10.0))
def test_the_faster_a_watcher_is_the_sooner_it_notices_and_the_less_a_throttle_takes(
    rate: float, factor: float
) -> None:
    assert patience(rate * factor) <= patience(rate)
    assert cut(rate * factor) <= cut(rate)


def test_all_the_fast_are_alike() -> None:
    assert patience(KNEE) == patience(100.0) == PATIENCE
    assert cut(KNEE) == cut(100.0) == CUT


@pytest.mark.parametrize(("apart", "least", "most"), [(0.6, 0.0, 0.5), (1.0, 0.7, 1.2), (1.6, 1.5, math.inf)])
def test_a_share_lasts_while_throttles_come_by_chance_a_patience_apart(
    apart: float, least: float, most: float
) -> None:
    balance = Balance(50.0)
    gaps = [-apart * math.log(1.0 - (number + 0.5) / 100) for number in range(100)]
    for number in range(100):
        calls(balance, gaps[number * 37 % 100])
        balance.throttled()
    assert least < balance._share / 50.0 < most


def test_the_longer_no_throttle_comes_the_faster_it_grows() -> None:
    balance = Balance(25.0)
    growths = [grown(balance, 0.5) for _ in range(int(2 * LONGEST))]
    assert growths == sorted(growths)
    assert growths[3] > 4 * growths[0]


def test_growth_has_a_bound() -> None:
    balance = Balance(100.0)
    for _ in range(20):
        before = balance.rate
        seconds = calls(balance, 1.0)
        assert math.log(balance.rate / before) <= MOST_GROWTH * seconds * 1.001


@pytest.mark.parametrize(("share", "least"), [(0.6, 1.2), (1.2, 1.35), (2.5, 1.9), (5.0, 1.9), (25.0, 1.9)])
def test_half_a_minute_without_a_throttle_raises_the_rate_of_the_slow_too(share: float, least: float) -> None:
    balance = Balance(share)
    calls(balance, 0.7)
    before, seconds = balance.rate, 0.0
    while seconds < 30.0:
        seconds += 1.0 / balance.rate
        balance.elapse(1.0 / balance.rate)
    assert balance.rate / before > least


def test_a_throttle_takes_the_more_the_sooner_it_comes() -> None:
    soon, late = Balance(25.0), Balance(25.0)
    soon._quiet, late._quiet = 0.2, 1.0
    assert taken(soon) == pytest.approx(taken(late) * math.exp(0.8 * SOONER))


def test_what_there_was_of_a_swing_up_shrinks_with_a_throttle() -> None:
    balance = Balance(25.0)
    calls(balance, 3.0)
    swing = balance._swing
    cuts = CUT * (1 + SOONER) * math.exp(-SOONER * balance._quiet)
    balance.throttled()
    assert balance._swing == pytest.approx(swing * REMAINS - cuts)
    assert balance._swing > 0.2


def test_below_its_share_the_rate_comes_back_by_itself() -> None:
    low, usual = Balance(25.0), Balance(25.0)
    for _ in range(6):
        low.throttled()
    assert low.rate < 12.0
    usual._quiet = low._quiet
    assert grown(low, 0.2) > grown(usual, 0.2) + 0.03
    calls(low, 2.5)
    assert low.rate > 20.0


@pytest.mark.parametrize("swing", [0.5, -0.5])
def test_the_share_follows_the_rate_slowly(swing: float) -> None:
    balance = Balance(25.0)
    share, before = balance._share, balance.rate
    balance._swing = swing
    balance.elapse(1e-9)
    part = 1.0 / (25.0 * PATIENCE)
    assert math.log(balance._share / share) == pytest.approx(FOLLOWING * part * swing)
    assert balance.rate / before == pytest.approx(math.exp(swing), rel=0.001)


def test_a_throttle_leaves_the_share_alone() -> None:
    balance = Balance(25.0)
    balance.throttled()
    assert balance._share == 25.0


def test_nothing_goes_below_the_floor() -> None:
    balance = Balance(0.01)
    assert balance.rate == FLOOR
    for _ in range(300):
        balance.elapse(1.0 / balance.rate)
        balance.throttled()
        assert balance.rate >= FLOOR
    assert balance._share >= FLOOR
    assert balance.rate == FLOOR
