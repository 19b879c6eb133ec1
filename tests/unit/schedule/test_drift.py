import random
from functools import cache

import pytest

from tests.unit.schedule.sessions import lasts, polls
from watcher.schedule.constants import DRIFT
from watcher.schedule.drift import DriftDetector
from watcher.schedule.hazard import HazardEstimator
from watcher.schedule.survival import SurvivalCurve


@cache
def known() -> HazardEstimator:
    durations, chance = HazardEstimator(), random.Random(3)
    for _ in range(500):
        for low, high, over in polls(lasts(chance), 3.0, chance.uniform(0, 3)):
            (durations.ended if over else durations.survived)(low, high)
    durations.sweep()
    return durations


def ended_until_noticed(
    curve: SurvivalCurve, most: int, seed: int, interval: float = 4.0, **shape: float
) -> int | None:
    detector, chance, ended = DriftDetector(), random.Random(seed), 0
    sessions = known().sessions
    ever = 1 - curve.survival(180.0)
    while ended < most:
        before = 1.0
        for _, age, over in polls(lasts(chance, **shape), interval, chance.uniform(0, interval)):
            alive = curve.survival(age)
            detector.record(1 - alive / before, (1 - alive) / ever, ended=over)
            before = alive
            ended += over
            if detector.shifted(sessions):
                return ended
    return None


@pytest.mark.parametrize("seed", range(5))
def test_as_long_as_nothing_changes_nothing_is_noticed(seed: int) -> None:
    assert ended_until_noticed(known().curve, 1000, seed) is None


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "shape", [{"median": 12.0}, {"median": 35.0}, {"never": 0.6}, {"median": 8.0, "sigma": 0.3}, {"median": 60.0}]
)
def test_a_shift_is_noticed_within_120_ended_sessions(shape: dict[str, float], seed: int) -> None:
    noticed = ended_until_noticed(known().curve, 120, seed, **shape)
    assert noticed is not None
    assert noticed >= DRIFT.fewest


def test_after_a_clear_the_past_is_no_evidence() -> None:
    detector = DriftDetector()
    for _ in range(DRIFT.fewest):
        detector.record(0.01, 0.5, ended=True)
    assert detector.shifted(500.0)
    detector.clear()
    assert detector.distance(500.0) == 0.0
    assert not detector.shifted(500.0)


def test_one_stray_end_where_none_was_expected_is_no_shift() -> None:
    detector = DriftDetector()
    for _ in range(100):
        detector.record(0.5, 0.5, ended=True)
        detector.record(0.5, 0.5, ended=False)
    detector.record(1e-6, 0.99, ended=True)
    assert not detector.shifted(500.0)


def test_an_estimate_from_few_sessions_is_allowed_to_be_further_off() -> None:
    detector = DriftDetector()
    for _ in range(DRIFT.fewest):
        detector.record(0.2, 0.5, ended=True)
    assert detector.distance(20.0) < detector.distance(2000.0)
