"""Every way in which a session of the demo ends, and what it requires of the decision."""

from random import Random

import pytest

from watcher.cli.demo.constants import DEMO
from watcher.cli.demo.endings import CHALLENGE_POLICY, ENDINGS, STRICT_POLICY, DemoEnding
from watcher.domain.model import DEFAULT_POLICY, Outcome, Reason
from watcher.simulator import SessionScript

BY_NAME = {ending.name: ending for ending in ENDINGS}


def script(ending: DemoEnding, turn: int = 0, seed: int = 1) -> SessionScript:
    made = ending.script(Random(seed), turn)
    assert made is not None
    return made


def test_every_row_of_the_decision_table_is_called_for() -> None:
    assert {ending.expected.reason for ending in ENDINGS} == set(Reason)
    assert {ending.expected.outcome for ending in ENDINGS} == set(Outcome)
    assert {ending.policy for ending in ENDINGS} == {DEFAULT_POLICY, STRICT_POLICY, CHALLENGE_POLICY}


def test_no_two_endings_have_one_name() -> None:
    assert len(BY_NAME) == len(ENDINGS)


def test_what_is_expected_reads_as_in_the_table() -> None:
    assert str(BY_NAME["live"].expected) == "live / confidence_met"
    assert str(BY_NAME["never started"].expected) == "inconclusive / not_started"


@pytest.mark.parametrize("ending", [one for one in ENDINGS if one.status == "SUCCEEDED"], ids=lambda one: one.name)
def test_a_score_is_on_the_side_of_the_threshold_that_its_ending_needs(ending: DemoEnding) -> None:
    threshold = DEMO.strict_threshold if ending.policy == STRICT_POLICY else DEMO.threshold
    scores = [script(ending, seed=seed).confidence or 0.0 for seed in range(100)]
    wrong = [score for score in scores if (score >= threshold) is (ending.expected.outcome is Outcome.NOT_LIVE)]
    assert wrong == []


def test_sessions_of_an_ending_take_turns_with_its_faults() -> None:
    ending = BY_NAME["unusable confidence"]
    kinds = [[fault.kind for fault in script(ending, turn).faults] for turn in range(5)]
    assert kinds == [
        ["missing_confidence"],
        ["nan_confidence"],
        ["string_confidence"],
        ["confidence_out_of_range"],
        ["missing_confidence"],
    ]


def test_a_fault_at_first_passes_and_one_that_stays_does_not() -> None:
    for name, passes in (("broken answers at first", True), ("broken answers that stay", False)):
        ending = BY_NAME[name]
        faults = [fault for turn in range(len(ending.variants)) for fault in script(ending, turn).faults]
        assert {fault.first_polls is not None for fault in faults} == {passes}


def test_a_session_that_never_existed_has_no_script() -> None:
    assert BY_NAME["never existed"].script(Random(1), 0) is None


def test_a_script_has_the_name_and_the_policy_of_its_ending_and_repeats_with_the_seed() -> None:
    for ending in ENDINGS:
        if ending.status is not None:
            made = script(ending)
            assert (made.name, made.ending, made.policy or DEFAULT_POLICY) == (
                ending.name,
                ending.status,
                ending.policy,
            )
            assert made == script(ending) != script(ending, seed=2)
