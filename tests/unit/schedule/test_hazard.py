import json
import pickle
import random

import pytest

from tests.unit.schedule.sessions import ends_between, lasts, observe, share_alive
from watcher.schedule.age_bins import BINS
from watcher.schedule.constants import HAZARD
from watcher.schedule.hazard import HazardEstimator

AGES = (8.0, 12.0, 16.0, 20.0, 25.0, 30.0, 45.0, 90.0)


def learn(durations: HazardEstimator, sessions: int, interval: float, seed: int = 1, **shape: float) -> None:
    chance = random.Random(seed)

    def record(low: float, high: float, over: bool) -> None:
        (durations.ended if over else durations.survived)(low, high)

    for _ in range(sessions):
        observe(record, lasts(chance, **shape), interval, chance)
    durations.sweep()


@pytest.mark.parametrize("interval", [1.0, 3.0, 9.0])
def test_the_distribution_is_found_although_each_end_is_only_seen_between_two_polls(interval: float) -> None:
    durations = HazardEstimator()
    learn(durations, 500, interval)
    for age in AGES:
        assert durations.curve.survival(age) == pytest.approx(share_alive(age), abs=0.06), age


def test_the_first_to_end_do_not_make_all_sessions_look_short() -> None:
    """Of 300 sessions that begin together only the short ones are over after 15 s; the others count as waiting."""
    chance, durations = random.Random(2), HazardEstimator()
    for _ in range(300):
        end = lasts(chance)
        for second in range(15):
            if end <= second + 1:
                durations.ended(float(second), second + 1.0)
                break
            durations.survived(float(second), second + 1.0)
    durations.sweep()
    assert durations.curve.survival(14.0) == pytest.approx(share_alive(14.0), abs=0.06)


def test_sessions_that_were_over_at_their_first_poll_count_as_ended_before() -> None:
    durations = HazardEstimator()
    for _ in range(200):
        durations.ended(0.0, 12.0)
    durations.sweep()
    assert durations.curve.survival(12.0) < 0.1


def test_what_was_learned_long_ago_gives_way() -> None:
    durations = HazardEstimator(memory=100.0)
    learn(durations, 300, 2.0, median=12.0)
    learn(durations, 300, 2.0, seed=2, median=35.0)
    assert durations.curve.quantile(0.3) == pytest.approx(28.0, rel=0.2)
    assert durations.sessions == pytest.approx(100.0, rel=0.05)


def test_nothing_seen_is_the_prior() -> None:
    curve = HazardEstimator().curve
    assert ends_between(curve, 50.0, 51.0) == pytest.approx(HAZARD.prior_hazard, rel=0.02)


def test_only_the_recent_ends_are_kept_one_by_one() -> None:
    durations = HazardEstimator()
    learn(durations, HAZARD.recent * 3 // 2, 5.0)
    size = len(pickle.dumps(durations))
    learn(durations, HAZARD.recent, 5.0, seed=2)
    assert len(pickle.dumps(durations)) == pytest.approx(size, rel=0.01)
    assert durations.curve.survival(20.0) == pytest.approx(share_alive(20.0), abs=0.06)


def test_years_of_sessions_do_not_wear_the_numbers_out() -> None:
    """The weight of a new session grows by a half each time: without a limit, beyond all floats at the 1,751st."""
    old, young = HazardEstimator(memory=2.0), HazardEstimator(memory=2.0)
    for durations, number in ((old, 1800), (young, 30)):
        for _ in range(number):
            durations.survived(0.0, 10.0)
            durations.ended(10.0, 11.0)
        durations.sweep()
    assert [old.sessions, young.sessions] == pytest.approx([3.0, 3.0], rel=0.001)
    for age in AGES:
        assert old.curve.survival(age) == pytest.approx(young.curve.survival(age), rel=0.01)


def test_what_is_saved_is_known_again() -> None:
    before, after = HazardEstimator(), HazardEstimator()
    learn(before, 300, 4.0)
    after.load(json.loads(json.dumps(before.dump())))
    assert after.sessions == pytest.approx(before.sessions, abs=0.01)
    for age in AGES:
        assert after.curve.survival(age) == pytest.approx(before.curve.survival(age), abs=0.001)


@pytest.mark.parametrize(
    "change",
    [
        {"ends": [1.0]},
        {"seconds": [-1.0] * BINS},
        {"seconds": [float("nan")] * BINS},
        {"sessions": -1},
        {"ends": ["x"] * BINS},
        {"ends": None},
    ],
)
def test_what_cannot_be_known_is_refused_and_changes_nothing(change: dict[str, object]) -> None:
    durations = HazardEstimator()
    learn(durations, 50, 4.0)
    known = durations.dump()
    with pytest.raises((ValueError, TypeError)):
        durations.load({**known, **change})
    assert durations.dump() == known


def test_where_very_many_end_the_estimate_is_made_anew_once_a_second() -> None:
    durations = HazardEstimator()
    curves = set()
    for number in range(1000):
        durations.ended(5.0, 6.0, now=100.0 + number / 400)
        curves.add(durations.curve)
    assert len(curves) == 3  # after 0, 1 and 2 seconds
    assert durations.curve.undetected(0.0, 6.5) > 0.5
