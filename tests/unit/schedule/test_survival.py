import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.schedule.sessions import ends_between
from watcher.schedule.age_bins import BINS, EDGES, LONGEST
from watcher.schedule.survival import SurvivalCurve

CONSTANT = SurvivalCurve([0.05] * BINS)
LEVELS = (0.0, 0.001, 0.02, 0.1, 2.0)
HAZARDS = st.binary(min_size=BINS, max_size=BINS).map(lambda drawn: [LEVELS[each % len(LEVELS)] for each in drawn])
AGES = st.floats(0.0, 170.0)


def brute_force(curve: SurvivalCurve, since: float, age: float, steps: int) -> float:
    width, alive = (age - since) / steps, curve.survival(since)
    return sum(1.0 - curve.survival(since + (n + 0.5) * width) / alive for n in range(steps)) * width


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


def test_without_a_hint_only_unannounced_ends_count() -> None:
    """With few unannounced ends, polls become rarer by about the square root of their share."""
    curve = SurvivalCurve([0.05] * BINS)
    waits = {share: curve.next_poll_age(20.0, 0.05, share) - 20.0 for share in (1.0, 0.25, 0.04)}
    assert waits[0.25] == pytest.approx(2 * waits[1.0], rel=0.1)
    assert waits[0.04] == pytest.approx(5 * waits[1.0], rel=0.15)


@pytest.mark.parametrize("since", [0.0, 3.3, 20.0, 100.0, 179.0, 185.0])
@pytest.mark.parametrize("threshold", [1e-4, 0.02, 0.4, 5.0])
def test_nearly_no_hints_are_like_none(since: float, threshold: float) -> None:
    curve = SurvivalCurve([0.05] * BINS)
    found, without = curve.next_poll_age(since, threshold, 1.0 - 1e-9), curve.next_poll_age(since, threshold)
    if without < LONGEST:
        assert found == pytest.approx(without, abs=0.01)
    else:
        assert found > min(without, LONGEST) - 0.01


def test_a_poll_that_is_never_worth_it_comes_never() -> None:
    curve = SurvivalCurve([0.0] * BINS)
    assert curve.next_poll_age(0.0, 1.0, 0.01) == math.inf
