"""What the end of a session adds to the metrics."""

import pytest

from tests.support import ManualClock
from tests.unit.support.world import World
from watcher.decisions.decider import Decider
from watcher.domain.active_rules import ActiveRules, Rules
from watcher.domain.decision_table import STRONGER_CHALLENGE
from watcher.domain.feedback import Feedback
from watcher.domain.model import DecisionRules, SessionResult, SessionStatus


def decide(result: SessionResult, rules: DecisionRules) -> World:
    """A world in which this session has ended."""
    world = World()
    decider = Decider(
        active_rules=ActiveRules(Rules({"default": rules}, None, 180.0)),
        clock=ManualClock(),
        metrics=world.metrics,
        source="/watcher/us-east-1",
        decided=lambda *_: None,
    )
    decider.decide(world.session(1), result)
    return world


def ended(status: SessionStatus = SessionStatus.SUCCEEDED, *codes: str, sdk_type: str | None = None) -> SessionResult:
    feedback = tuple(Feedback(code, "") for code in codes)
    return SessionResult("1", status, 97.3, feedback=feedback, sdk_type=sdk_type)


def test_each_code_counts_once_for_a_session_and_unknown_ones_as_other() -> None:
    codes = ("EYES_CLOSED_DETECTED", "EYES_CLOSED_DETECTED", "LATER", "LATER_STILL")
    world = decide(ended(SessionStatus.SUCCEEDED, *codes), DecisionRules())
    counted = {"EYES_CLOSED_DETECTED": 1, "other": 1, "LOW_LIGHTING_DETECTED": 0, "LATER": None}
    assert {
        code: world.labelled("watcher_feedback_total", code=code, policy="default") for code in counted
    } == counted


@pytest.mark.parametrize(
    ("rules", "live"),
    [
        (DecisionRules(require_reference_image=False), "true"),
        (DecisionRules(), "false"),
        (DecisionRules(threshold=99), "false"),
    ],
)
def test_sdk_types_are_counted_with_whether_the_person_is_live(rules: DecisionRules, live: str) -> None:
    world = decide(ended(sdk_type="AmplifyWeb"), rules)
    counted = [
        world.labelled("watcher_sdk_sessions_total", sdk_type="AmplifyWeb", live=each) for each in ("true", "false")
    ]
    assert counted == [1 if each == live else None for each in ("true", "false")]


@pytest.mark.parametrize(
    ("status", "rules", "count"),
    [
        (SessionStatus.SUCCEEDED, DecisionRules(), 1),
        (SessionStatus.SUCCEEDED, DecisionRules(require_challenge=STRONGER_CHALLENGE), 1),
        (SessionStatus.FAILED, DecisionRules(), 0),
    ],
)
def test_every_score_of_a_succeeded_session_is_observed(
    status: SessionStatus, rules: DecisionRules, count: int
) -> None:
    world = decide(ended(status), rules)
    assert world.labelled("watcher_confidence_ratio_count") == count
