import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.schedule.sessions import ends_between
from watcher.schedule.age_bins import BINS, EDGES, LONGEST
from watcher.schedule.survival import SurvivalCurve

CONSTANT = SurvivalCurve([0.05] * BINS)
HAZARDS = st.lists(st.sampled_from([0.0, 0.001, 0.02, 0.1, 2.0]), min_size=BINS, max_size=BINS)
AGES = st.floats(0.0, 170.0)


def brute_force(curve: SurvivalCurve, since: float, age: float, steps: int = 4000) -> float:
    width = (age - since) / steps
    return sum(ends_between(curve, since, since + (n + 0.5) * width) for n in range(steps)) * width


def test_a_constant_hazard_is_the_exponential_distribution() -> None:
    assert CONSTANT.survival(20.0) == pytest.approx(math.exp(-1.0))
    assert ends_between(CONSTANT, 30.0, 40.0) == pytest.approx(1 - math.exp(-0.5))
    assert CONSTANT.undetected(50.0, 60.0) == pytest.approx(10 - (1 - math.exp(-0.5)) / 0.05)
    assert CONSTANT.quantile(0.5) == pytest.approx(math.log(2) / 0.05)
    assert CONSTANT.lived == pytest.approx((1 - math.exp(-9.0)) / 0.05)


@given(HAZARDS, AGES, st.floats(0.1, 100.0))
def test_the_undetected_delay_is_the_integral_of_the_probability_to_be_over(
    hazard: list[float], since: float, length: float
) -> None:
    curve = SurvivalCurve(hazard)
    exact = curve.undetected(since, min(since + length, LONGEST))
    assert exact == pytest.approx(brute_force(curve, since, min(since + length, LONGEST), 400), rel=0.02, abs=1e-3)


@given(HAZARDS, AGES, st.floats(1e-4, 20.0))
def test_at_the_due_age_the_undetected_delay_is_the_threshold(
    hazard: list[float], since: float, threshold: float
) -> None:
    curve = SurvivalCurve(hazard)
    due = curve.next_poll_age(since, threshold)
    assert due > since
    if math.isfinite(due) and due < LONGEST:
        assert curve.undetected(since, due) == pytest.approx(threshold, rel=1e-3, abs=5e-6)


@given(HAZARDS, AGES)
def test_a_higher_threshold_is_never_due_earlier(hazard: list[float], since: float) -> None:
    curve = SurvivalCurve(hazard)
    dues = [curve.next_poll_age(since, threshold) for threshold in (1e-4, 0.01, 0.1, 1.0, 10.0)]
    assert dues == sorted(dues)


def test_what_is_known_to_end_nowhere_is_never_due() -> None:
    assert SurvivalCurve([0.0] * BINS).next_poll_age(10.0, 5.0) > 1e6
    assert SurvivalCurve([0.0] * BINS).quantile(0.5) == math.inf


def test_a_few_that_outlive_a_certain_end_are_still_told_something() -> None:
    certain = SurvivalCurve([50.0] * BINS)
    assert 100.0 < certain.next_poll_age(100.0, 0.5) < 200.0


def test_polls_are_placed_where_sessions_end() -> None:
    hazard = [0.0 if edge < 15 else 0.1 for edge in EDGES[:-1]]
    assert 15.0 < SurvivalCurve(hazard).next_poll_age(0.0, 0.05) < 17.0
    assert SurvivalCurve(hazard).next_poll_age(20.0, 0.05) - 20.0 < 1.1


def test_the_calls_of_a_threshold_are_those_of_the_schedule_it_makes() -> None:
    age, expected = 0.0, 0.0
    while age < LONGEST:
        expected += CONSTANT.survival(age)
        age = CONSTANT.next_poll_age(age, 1.0)
    assert CONSTANT.calls(1.0, 1e9) == pytest.approx(expected)
    assert CONSTANT.calls(1.0, 2.0) < expected
