from collections import Counter
from random import Random

import pytest

from watcher.simulator.distributions import Fixed, Lognormal, Uniform
from watcher.simulator.scenario import Ending, Scenario
from watcher.simulator.sessions import CREATED, FAILED, SUCCEEDED


def test_endings_come_as_often_as_their_weights_say() -> None:
    scenario = Scenario(endings=(Ending("often", 3), Ending("seldom", 1), Ending("never", 0)))
    rng = Random(1)
    drawn = Counter(scenario.script(rng).name for _ in range(4000))
    assert 2850 < drawn["often"] < 3150
    assert drawn["never"] == 0


def test_the_default_has_every_kind_of_ending() -> None:
    rng = Random(1)
    drawn = [Scenario.default().script(rng) for _ in range(500)]
    assert {script.ending for script in drawn} == {SUCCEEDED, FAILED, CREATED}
    scores = [script.confidence for script in drawn if script.confidence is not None]
    assert min(scores) < 50
    assert max(scores) > 90


@pytest.mark.parametrize(("token", "name"), [("spoof--17", "spoof"), ("live--", "live")])
def test_a_token_can_choose_the_ending(token: str, name: str) -> None:
    scenario = Scenario(endings=(Ending("live", 1), Ending("spoof", 0)))
    assert scenario.script(Random(1), token).name == name


@pytest.mark.parametrize("token", ["spoof", "other--1", "--spoof", ""])
def test_any_other_token_leaves_it_to_the_weights(token: str) -> None:
    scenario = Scenario(endings=(Ending("live", 1), Ending("spoof", 0)))
    assert scenario.script(Random(1), token).name == "live"


def test_a_script_takes_everything_from_its_ending() -> None:
    ending = Ending("e", status=FAILED, created_for=Fixed(1), in_progress_for=Uniform(4, 6), confidence=None)
    script = ending.script(Random(1))
    assert (script.name, script.ending, script.created_for, script.confidence) == ("e", FAILED, 1, None)
    assert 4 <= script.in_progress_for <= 6


def test_a_lognormal_time_has_its_median_in_the_middle() -> None:
    rng = Random(1)
    below = sum(Lognormal(8.0, 0.5).sample(rng) < 8.0 for _ in range(2000))
    assert 900 < below < 1100
