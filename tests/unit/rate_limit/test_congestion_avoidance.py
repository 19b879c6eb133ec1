"""How one throttle, and the time without one, move a watcher's rate and its share."""

import math

import pytest

from watcher.rate_limit.congestion_avoidance import decrease, increase, step_down, throttle_interval
from watcher.rate_limit.constants import CONSTANTS


@pytest.mark.parametrize("rate", [0.6, 1.0, 3.0, 12.5, 100.0])
def test_no_rate_expects_more_than_one_throttle_in_fifty_calls(rate: float) -> None:
    assert rate * throttle_interval(rate) > 50


def test_the_fast_expect_more_throttles_but_a_smaller_part_of_their_calls() -> None:
    assert throttle_interval(50.0) < throttle_interval(5.0)
    assert 50.0 * throttle_interval(50.0) > 5.0 * throttle_interval(5.0)


@pytest.mark.parametrize("share", [0.6, 5.0, 50.0])
def test_a_throttle_and_an_interval_without_one_leave_the_share_as_it_was(share: float) -> None:
    _, grown = increase(share, share, 0.0, throttle_interval(share))
    assert step_down(grown, grown) == pytest.approx(share, rel=0.003)


def test_a_throttle_takes_a_long_growth_back_from_the_rate_and_moves_the_share_little() -> None:
    rate, share = 12.0, 10.0
    assert decrease(rate, share) < share
    assert step_down(rate, share) >= share * (1 - CONSTANTS.decrease / 2)


def test_a_slow_share_moves_less() -> None:
    assert step_down(1.0, 1.0) / 1.0 > step_down(10.0, 10.0) / 10.0


def test_the_share_follows_a_rate_that_chance_does_not_explain() -> None:
    assert increase(100.0, 10.0, 1.0, 0.0)[1] == 100.0 / CONSTANTS.band
    assert step_down(1.0, 10.0) < 1.5


def test_before_the_first_throttle_the_share_is_the_rate() -> None:
    rate, share = increase(5.0, 5.0, math.inf, 10.0)
    assert share == rate > 5.0
