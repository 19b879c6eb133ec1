import re
from collections import Counter
from random import Random

import pytest

from watcher.simulator.distributions import Fixed, Lognormal, Triangular, Uniform
from watcher.simulator.results import FEEDBACK_MESSAGES
from watcher.simulator.scenario import CAMERA_SECONDS, CHECK_SECONDS, FEEDBACK_NAMES, Ending, Scenario
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


@pytest.mark.parametrize(("name", "code"), FEEDBACK_NAMES.items())
@pytest.mark.parametrize("scenario", [Scenario.default(), Scenario.always(Ending("live"))])
def test_a_token_can_choose_feedback_in_every_scenario(scenario: Scenario, name: str, code: str) -> None:
    script = scenario.script(Random(1), f"{name}--7")
    assert (script.ending, script.feedback) == (SUCCEEDED, (code,))
    assert script.confidence is not None
    assert script.confidence < 50


def test_an_ending_of_the_scenario_comes_before_one_with_feedback_of_the_same_name() -> None:
    scenario = Scenario.always(Ending("low-light", confidence=Fixed(97)))
    assert scenario.script(Random(1), "low-light--7").confidence == 97


def test_every_feedback_code_has_an_ending() -> None:
    assert sorted(FEEDBACK_NAMES.values()) == sorted(FEEDBACK_MESSAGES)


@pytest.mark.parametrize("token", ["spoof", "spoof-1", ""])
def test_any_other_token_leaves_it_to_the_weights(token: str) -> None:
    scenario = Scenario(endings=(Ending("live", 1), Ending("spoof", 0)))
    assert scenario.script(Random(1), token).name == "live"


@pytest.mark.parametrize(
    ("token", "fix"),
    [
        ("spoff--1", "did you mean spoof--?"),
        ("Live--1", "did you mean live--?"),
        ("xyzzy--1", "the endings are live, spoof, "),
        ("--spoof", "the endings are live, spoof, "),
    ],
)
def test_a_token_that_chooses_an_ending_that_does_not_exist_is_rejected(token: str, fix: str) -> None:
    scenario = Scenario(endings=(Ending("live", 1), Ending("spoof", 0)))
    with pytest.raises(ValueError, match=re.escape(fix)):
        scenario.script(Random(1), token)


def test_the_longest_name_counts() -> None:
    scenario = Scenario(endings=(Ending("live"), Ending("live--slow")))
    assert scenario.script(Random(1), "live--slow--1").name == "live--slow"
    assert scenario.script(Random(1), "live--slow").name == "live"


def test_a_script_takes_everything_from_its_ending() -> None:
    ending = Ending("e", status=FAILED, created_for=Fixed(1), in_progress_for=Uniform(4, 6), confidence=None)
    script = ending.script(Random(1))
    assert (script.name, script.ending, script.created_for, script.confidence) == ("e", FAILED, 1, None)
    assert 4 <= script.in_progress_for <= 6


def test_a_check_takes_5_seconds_at_best_7_on_average_and_11_at_worst() -> None:
    rng = Random(1)
    seconds = [CAMERA_SECONDS.sample(rng) + CHECK_SECONDS.sample(rng) for _ in range(4000)]
    assert 5 <= min(seconds) < 5.5
    assert 6.9 < sum(seconds) / len(seconds) < 7.1
    assert 10 < max(seconds) <= 11


@pytest.mark.parametrize("scenario", [Scenario.default(), Scenario.always(Ending("live"))])
def test_sessions_end_in_the_time_that_aws_names(scenario: Scenario) -> None:
    rng = Random(1)
    scripts = [scenario.script(rng) for _ in range(500)]
    assert all(5 <= script.ends_at <= 11 for script in scripts if script.ending != CREATED)


def test_a_triangular_time_stays_within_its_ends() -> None:
    rng = Random(1)
    assert Triangular(3, 3, 3).sample(rng) == 3
    assert all(1 <= Triangular(1, 2, 4).sample(rng) <= 4 for _ in range(100))


def test_a_lognormal_time_has_its_median_in_the_middle() -> None:
    rng = Random(1)
    below = sum(Lognormal(8.0, 0.5).sample(rng) < 8.0 for _ in range(2000))
    assert 900 < below < 1100
