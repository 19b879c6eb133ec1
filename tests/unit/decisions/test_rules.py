import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import session_id
from watcher.decisions.rules import decide, is_usable_confidence
from watcher.domain.decision_table import DECISIONS, STRONGER_CHALLENGE
from watcher.domain.errors import (
    AccessDenied,
    CallTimedOut,
    ConnectionFailed,
    MalformedResult,
    PollError,
    RejectedByService,
    ServerFault,
    SessionNotFound,
    Throttled,
    UnknownStatus,
    UnreadableAnswer,
)
from watcher.domain.feedback import Feedback
from watcher.domain.model import (
    Challenge,
    Decision,
    DecisionRules,
    Image,
    Outcome,
    Reason,
    S3Object,
    SessionResult,
    SessionStatus,
)

PICTURE = Image(S3Object("bucket", "face.jpg"))
RULES = DecisionRules(threshold=80.0)

FAULTS: list[tuple[PollError | None, Reason]] = [
    (SessionNotFound("gone"), Reason.SESSION_NOT_FOUND),
    (RejectedByService("no"), Reason.REJECTED_BY_SERVICE),
    (MalformedResult("no score"), Reason.MALFORMED_RESULT),
    (UnreadableAnswer("a page"), Reason.MALFORMED_RESULT),
    (UnknownStatus("what", status="PAUSED"), Reason.MALFORMED_RESULT),
    (Throttled("slow down"), Reason.TIMED_OUT),
    (CallTimedOut("late"), Reason.TIMED_OUT),
    (ConnectionFailed("refused"), Reason.TIMED_OUT),
    (ServerFault("500"), Reason.TIMED_OUT),
    (AccessDenied("no"), Reason.TIMED_OUT),
    (None, Reason.TIMED_OUT),
]


def succeeded(confidence: object, image: Image | None = PICTURE) -> SessionResult:
    result = SessionResult(session_id(1), SessionStatus.SUCCEEDED, reference_image=image)
    return result._replace(confidence=confidence)  # type: ignore[arg-type]  # what must never come, too


@pytest.mark.parametrize(
    ("ending", "outcome", "reason"),
    [
        (succeeded(97.3), Outcome.LIVE, Reason.CONFIDENCE_MET),
        (succeeded(79.9), Outcome.NOT_LIVE, Reason.CONFIDENCE_BELOW_THRESHOLD),
        (succeeded(97.3, None), Outcome.INCONCLUSIVE, Reason.REFERENCE_IMAGE_MISSING),
        (succeeded(99.0)._replace(status=SessionStatus.FAILED), Outcome.INCONCLUSIVE, Reason.SESSION_FAILED),
        (succeeded(99.0)._replace(status=SessionStatus.EXPIRED), Outcome.INCONCLUSIVE, Reason.SESSION_EXPIRED),
        (succeeded(99.0)._replace(status=SessionStatus.CREATED), Outcome.INCONCLUSIVE, Reason.NOT_STARTED),
        (succeeded(99.0)._replace(status=SessionStatus.IN_PROGRESS), Outcome.INCONCLUSIVE, Reason.TIMED_OUT),
        (succeeded(None), Outcome.INCONCLUSIVE, Reason.MALFORMED_RESULT),
    ],
)
def test_each_row_of_the_table_gives_its_decision(ending: SessionResult, outcome: Outcome, reason: Reason) -> None:
    assert decide(ending, RULES) == Decision(outcome, reason)


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
def test_each_fault_is_inconclusive_for_its_reason(fault: PollError | None, reason: Reason) -> None:
    assert decide(fault, RULES) == Decision(Outcome.INCONCLUSIVE, reason)


@pytest.mark.parametrize("confidence", [80, 80.0, math.nextafter(80, 100), 100, 100.0])
def test_a_score_at_the_threshold_or_above_is_live(confidence: float) -> None:
    assert decide(succeeded(confidence), RULES).outcome is Outcome.LIVE


@pytest.mark.parametrize("confidence", [0, -0.0, 79, math.nextafter(80, 0)])
def test_a_score_just_below_the_threshold_is_not_live(confidence: float) -> None:
    assert decide(succeeded(confidence), RULES).reason is Reason.CONFIDENCE_BELOW_THRESHOLD


@pytest.mark.parametrize(
    "confidence",
    [
        None,
        math.nan,
        math.inf,
        -math.inf,
        True,
        False,
        "97.3",
        "",
        b"97",
        -1,
        -1e-300,
        100.00001,
        pytest.param(10**400, id="huge"),
        [99],
        99j,
    ],
)
def test_a_confidence_that_is_no_score_is_malformed_whatever_the_threshold(confidence: object) -> None:
    assert not is_usable_confidence(confidence)
    for threshold in (0.0, 80.0, 100.0):
        assert decide(succeeded(confidence), DecisionRules(threshold)).reason is Reason.MALFORMED_RESULT


def test_succeeded_alone_is_not_live() -> None:
    assert decide(SessionResult(session_id(1), SessionStatus.SUCCEEDED), RULES).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("status", [status for status in SessionStatus if status is not SessionStatus.SUCCEEDED])
def test_a_high_confidence_of_a_session_that_did_not_succeed_is_not_live(status: SessionStatus) -> None:
    assert decide(succeeded(99.9)._replace(status=status), RULES).outcome is Outcome.INCONCLUSIVE


def test_expired_is_final_and_not_still_running() -> None:
    assert SessionStatus.EXPIRED.is_terminal
    expired = SessionResult(session_id(1), SessionStatus.EXPIRED)
    assert decide(expired, RULES).reason is Reason.SESSION_EXPIRED


def test_there_is_no_status_completed_to_wait_for() -> None:
    assert [status for status in SessionStatus if status.is_terminal] == ["SUCCEEDED", "FAILED", "EXPIRED"]
    completed = succeeded(99.9)._replace(status="COMPLETED")  # type: ignore[arg-type]
    assert decide(completed, RULES).outcome is Outcome.INCONCLUSIVE


def test_a_throttle_is_no_failed_check() -> None:
    assert decide(Throttled("slow down"), RULES) == Decision(Outcome.INCONCLUSIVE, Reason.TIMED_OUT)


def test_bad_credentials_are_held_against_nobody() -> None:
    assert decide(AccessDenied("no"), RULES) == Decision(Outcome.INCONCLUSIVE, Reason.TIMED_OUT)


def test_a_missing_image_is_no_obstacle_where_none_is_required() -> None:
    rules = DecisionRules(80.0, require_reference_image=False)
    assert decide(succeeded(97.3, None), rules).outcome is Outcome.LIVE


def test_a_low_score_without_an_image_is_not_live_rather_than_a_missing_image() -> None:
    assert decide(succeeded(10.0, None), RULES).reason is Reason.CONFIDENCE_BELOW_THRESHOLD


def test_a_threshold_that_is_no_number_lets_nobody_in() -> None:
    assert decide(succeeded(100.0), DecisionRules(math.nan)).outcome is Outcome.NOT_LIVE


confidences = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.floats(0, 100),
    st.integers(),
    st.just(10**400),
    st.sampled_from([80, 80.0]),
    st.text(),
)
results = st.builds(
    lambda status, confidence, image: succeeded(confidence, image)._replace(status=status),
    st.sampled_from(SessionStatus),
    confidences,
    st.sampled_from([None, PICTURE]),
)
endings = st.one_of(results, st.sampled_from([fault for fault, _ in FAULTS]))
all_rules = st.builds(DecisionRules, st.one_of(st.just(80.0), st.floats(0, 100)), st.booleans())


@given(endings, all_rules)
def test_nothing_but_the_first_row_of_the_table_is_ever_live(
    ending: SessionResult | PollError | None, rules: DecisionRules
) -> None:
    is_first_row = (
        isinstance(ending, SessionResult)
        and ending.status == "SUCCEEDED"
        and type(ending.confidence) in (int, float)
        and ending.confidence is not None
        and rules.threshold <= ending.confidence <= 100
        and ending.confidence >= 0
        and (ending.reference_image is not None or not rules.require_reference_image)
    )
    assert (decide(ending, rules).outcome is Outcome.LIVE) == is_first_row


@given(endings, all_rules)
def test_every_decision_is_a_row_of_the_table(ending: SessionResult | PollError | None, rules: DecisionRules) -> None:
    decision = decide(ending, rules)
    assert (decision.outcome, decision.reason) in DECISIONS


STRONGER = DecisionRules(require_challenge=STRONGER_CHALLENGE, min_challenge_version="2.0.0")
NOT_ACCEPTED = Decision(Outcome.INCONCLUSIVE, Reason.CHALLENGE_NOT_ACCEPTED)


@pytest.mark.parametrize("version", ["2.0.0", "2.0", "2", "2.0.0.0", "2.0.1", "2.10", "10.0.0", "3"])
def test_the_required_challenge_in_an_accepted_version_is_live(version: str) -> None:
    result = succeeded(97.3)._replace(challenge=Challenge(STRONGER_CHALLENGE, version))
    assert decide(result, STRONGER).outcome is Outcome.LIVE


@pytest.mark.parametrize(
    "challenge",
    [
        None,
        Challenge(None, "2.0.0"),
        Challenge("FaceMovementChallenge", "2.0.0"),
        Challenge("facemovementandlightchallenge", "2.0.0"),
        *(
            Challenge(STRONGER_CHALLENGE, version)
            for version in (
                None,
                "1.9.9",
                "1.10",
                "1.999",
                "02.x",
                "2.0.0-beta",
                "v2",
                " 2.0.0",
                "2.0.0\n",
                "\u0662.\u0660.\u0660",
                "\u0662",
                "2.0.0.0.0",
                ".",
            )
        ),
    ],
)
def test_no_other_challenge_and_no_older_or_unreadable_version_is_accepted(challenge: Challenge | None) -> None:
    assert decide(succeeded(97.3)._replace(challenge=challenge), STRONGER) == NOT_ACCEPTED


def test_a_refusal_stays_one_whatever_the_challenge() -> None:
    """Inconclusive invites another try, which a low score should not get more easily."""
    assert decide(succeeded(12.0), STRONGER).outcome is Outcome.NOT_LIVE


@given(st.lists(st.builds(Feedback, st.text(), st.text()), max_size=10), st.none() | st.text())
def test_feedback_and_sdk_type_decide_nothing(feedback: list[Feedback], sdk_type: str | None) -> None:
    for score in (0.0, 79.9, 80.0, 100.0):
        plain = succeeded(score)
        told = plain._replace(feedback=tuple(feedback), sdk_type=sdk_type)
        assert decide(told, RULES) == decide(plain, RULES)
