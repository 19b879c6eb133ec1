import json
import random

from tests.unit.schedule.sessions import lasts, observe
from watcher.schedule.constants import MIXTURE
from watcher.schedule.estimator import DurationEstimator, Mode


def learn(learner: DurationEstimator, sessions: int, seed: int = 1, **shape: float) -> None:
    chance = random.Random(seed)
    for _ in range(sessions):
        observe(lambda low, high, over: learner.record(low, high, ended=over), lasts(chance, **shape), 3.0, chance)


def test_nothing_is_relied_on_before_enough_sessions_have_ended() -> None:
    learner = DurationEstimator()
    for _ in range(int(MIXTURE.enough)):
        learner.record(10.0, 11.0, ended=True)
    assert learner.mode.value == "fresh"
    for _ in range(5):
        learner.record(10.0, 11.0, ended=True)
    assert learner.mode.value == "learned"


def test_after_a_shift_all_share_evenly_until_the_new_durations_are_known() -> None:
    learner = DurationEstimator()
    learn(learner, 500)
    modes = []
    chance = random.Random(5)
    for _ in range(250):
        observe(lambda low, high, over: learner.record(low, high, ended=over), lasts(chance, 40.0), 3.0, chance)
        modes.append(learner.mode)
    assert learner.shifts == 1
    assert Mode.EVEN in modes
    assert modes[-1] is Mode.LEARNED
    assert 30.0 < learner.curve.quantile(0.45) < 50.0


def test_what_is_over_at_once_counts_although_no_time_has_passed() -> None:
    learner = DurationEstimator()
    for _ in range(500):
        learner.record(0.0, 0.0, ended=True)
        learner.record(0.0, -2.0, ended=True)
        learner.record(0.0, 0.2, ended=True)
    assert learner.mode is Mode.LEARNED
    assert learner.shifts == 0
    assert learner.curve.survival(1.0) < 0.1


def test_a_poll_that_looks_back_in_time_says_nothing() -> None:
    learner = DurationEstimator()
    before = learner.dump()
    learner.record(5.0, 4.0, ended=False)
    assert learner.dump() == before


def test_a_restart_goes_on_where_it_was() -> None:
    before, after = DurationEstimator(), DurationEstimator()
    learn(before, 300)
    after.load(json.loads(json.dumps(before.dump())))
    assert after.mode is Mode.LEARNED
    assert after.sessions > 200


def test_a_restart_amid_a_shift_goes_on_sharing_evenly() -> None:
    before, after = DurationEstimator(), DurationEstimator()
    learn(before, 300)
    while before.mode is not Mode.EVEN:
        before.record(80.0, 81.0, ended=True)
    after.load(json.loads(json.dumps(before.dump())))
    assert after.mode is Mode.EVEN
