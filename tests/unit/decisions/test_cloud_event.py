import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support import START, session_id
from tests.unit.support.builders import PICTURE, a_session, an_answer, live_answer
from watcher.decisions.cloud_event import decision_event
from watcher.domain.errors import (
    MalformedResult,
    PollError,
    SessionNotFound,
    Throttled,
    UnknownStatus,
    UnreadableAnswer,
)
from watcher.domain.feedback import Feedback
from watcher.domain.limits import MAX_CONTEXT_BYTES, MAX_FEEDBACK_TEXT_BYTES, MAX_MESSAGE_BYTES
from watcher.domain.model import (
    BoundingBox,
    Challenge,
    Decision,
    DecisionEvent,
    DecisionRules,
    Image,
    Outcome,
    Reason,
    S3Object,
    SessionResult,
    SessionStatus,
)
from watcher.sessions.session import Session
from watcher.util.compact_json import compact_json
from watcher.util.rfc3339 import timestamp

LIVE = Decision(Outcome.LIVE, Reason.CONFIDENCE_MET)
UNDECIDED = Decision(Outcome.INCONCLUSIVE, Reason.TIMED_OUT)
SOURCE = "/watcher/us-east-1"


def event(session: Session, decision: Decision, ending: SessionResult | PollError | None) -> DecisionEvent:
    return decision_event(session, decision, ending, DecisionRules(), source=SOURCE, now=START + 12.5)


def data_of(session: Session, ending: SessionResult | PollError | None) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(event(session, UNDECIDED, ending).body)["data"]
    return data


def test_the_event_is_the_one_of_the_interface_member_by_member_and_in_its_order() -> None:
    box = BoundingBox(width=0.1, height=0.2, left=-0.03, top=1.2)
    result = SessionResult(
        session_id(1),
        SessionStatus.SUCCEEDED,
        confidence=97.3,
        reference_image=Image(S3Object("b", "n"), box),
        challenge=Challenge("FaceMovementChallenge", "1.0.0"),
        feedback=(Feedback("LOW_LIGHTING_DETECTED", "More light, please."),),
        sdk_type="AmplifyWeb",
    )
    session = a_session()
    for observation in (an_answer(SessionStatus.CREATED), an_answer(SessionStatus.IN_PROGRESS), result):
        session.record(observation)
    expected = (
        '{"specversion":"1.0","type":"liveness.decision.v1","source":"/watcher/us-east-1",'
        f'"id":"{session_id(1)}:default","subject":"{session_id(1)}","time":"2025-06-15T15:06:52.500Z",'
        '"datacontenttype":"application/json","data":{'
        f'"sessionId":"{session_id(1)}","outcome":"live","reason":"confidence_met","status":"SUCCEEDED",'
        '"confidence":97.3,"threshold":80.0,"policy":"default",'
        '"referenceImage":{"s3Object":{"bucket":"b","name":"n","version":null},'
        '"boundingBox":{"width":0.1,"height":0.2,"left":-0.03,"top":1.2},"sha256":null},'
        '"auditImages":[],"challenge":{"type":"FaceMovementChallenge","version":"1.0.0"},'
        '"feedback":[{"code":"LOW_LIGHTING_DETECTED","message":"More light, please."}],"sdkType":"AmplifyWeb",'
        '"polls":3,"createdAt":"2025-06-15T15:06:40.000Z","decidedAt":"2025-06-15T15:06:52.500Z","context":{}}}'
    )
    assert event(session, LIVE, result) == DecisionEvent(session.key, expected)


def test_an_event_with_the_largest_context_has_room_for_feedback() -> None:
    """Its messages, which may change anyway, make room; the codes stay."""
    told = tuple(Feedback(f"CODE_{number}", "\u2028" * 1024) for number in range(10))
    for size, message in ((MAX_CONTEXT_BYTES, ""), (MAX_CONTEXT_BYTES - MAX_FEEDBACK_TEXT_BYTES, "\u2028" * 1024)):
        session = a_session(context={"a": "x" * (size - len('{"a":""}'))})
        assert len(session.context) == size
        made = event(session, LIVE, live_answer()._replace(feedback=told))
        assert len(made.body.encode()) < MAX_MESSAGE_BYTES
        feedback = json.loads(made.body)["data"]["feedback"]
        assert feedback == [{"code": item.code, "message": message} for item in told]


def test_the_version_of_an_image_is_told_where_there_is_one() -> None:
    image = Image(S3Object("b", "n", "v1"))
    assert data_of(a_session(), an_answer(SessionStatus.SUCCEEDED, 1.0, image))["referenceImage"] == {
        "s3Object": {"bucket": "b", "name": "n", "version": "v1"},
        "boundingBox": None,
        "sha256": None,
    }


def test_an_inline_image_is_only_its_digest() -> None:
    image = data_of(a_session(), an_answer(SessionStatus.SUCCEEDED, 1.0, Image(sha256="ab" * 32)))["referenceImage"]
    assert image == {"s3Object": None, "boundingBox": None, "sha256": "ab" * 32}


def test_audit_images_are_listed() -> None:
    result = SessionResult(session_id(1), SessionStatus.SUCCEEDED, audit_images=(PICTURE, Image(sha256="00")))
    assert [image["sha256"] for image in data_of(a_session(), result)["auditImages"]] == [None, "00"]


def test_a_terminal_answer_has_no_last_error_even_after_faults() -> None:
    session = a_session()
    session.record(Throttled("slow down"))
    for status in (SessionStatus.SUCCEEDED, SessionStatus.FAILED, SessionStatus.EXPIRED):
        assert "lastError" not in data_of(session, an_answer(status))


@pytest.mark.parametrize("ending", [an_answer(SessionStatus.IN_PROGRESS), Throttled("again"), None])
def test_without_a_terminal_answer_the_last_error_says_the_last_fault(
    ending: SessionResult | PollError | None,
) -> None:
    session = a_session()
    assert data_of(session, ending)["lastError"] is None
    session.record(Throttled("first"))
    session.record(Throttled("slow down"))
    assert data_of(session, ending)["lastError"] == "slow down"


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (None, None),
        (Throttled("x"), None),
        (SessionNotFound("x"), None),
        (UnreadableAnswer("x"), None),
        (UnknownStatus("x", status="PAUSED"), "PAUSED"),
        (MalformedResult("x"), "SUCCEEDED"),
        (an_answer(SessionStatus.IN_PROGRESS), "IN_PROGRESS"),
    ],
)
def test_the_status_is_what_was_last_heard(ending: SessionResult | PollError | None, status: str | None) -> None:
    data = data_of(a_session(), ending)
    assert data["status"] == status
    assert data["confidence"] is None or status == "IN_PROGRESS"
    assert data["referenceImage"] is None
    assert data["auditImages"] == []
    assert data["challenge"] is None


def test_the_context_is_handed_through() -> None:
    session = a_session(context={"user": "ü", "list": [1, 2.5, None, {"deep": True}], "\ud800": 10**300})
    assert data_of(session, None)["context"] == json.loads(session.context)


AWKWARD = "ü 💡 \u2028 \u2029 \x85 \x7f \ud800 \uffff \n"


def test_the_event_is_one_line_of_utf_8_that_every_sink_takes() -> None:
    session = a_session(context={"name": AWKWARD})
    body = event(session, LIVE, live_answer()).body
    assert body.encode().decode() == body
    assert len(body.splitlines()) == 1
    assert not {"\ufffe", "\uffff", "\x7f"} & set(body)
    assert json.loads(body)["data"]["context"]["name"] == AWKWARD


def test_a_context_in_another_script_does_not_outgrow_its_message() -> None:
    sizes = []
    for letter in "eé":
        session = a_session(context={"name": letter * 1000})
        sizes.append(len(event(session, LIVE, live_answer()).body.encode()))
    assert sizes[1] - sizes[0] == 1000


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=()))
    | st.sampled_from(["\x7f", "\u2028", "\ud800", "\udfff", "\uffff", "\x00", '"', "\\", "/", "💡"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=())), json_values, max_size=4))
@example({AWKWARD: AWKWARD, "": 1e15, "b": -0.0, "a": 10**300})
def test_the_event_has_the_bytes_that_it_would_have_if_it_were_written_at_once(context: dict[str, Any]) -> None:
    """Its context is put into it as text, written when the message was read."""
    for ending in (live_answer(), None):
        body = event(a_session(context=context), LIVE, ending).body
        read = json.loads(body)
        assert compact_json(read) == body
        assert list(read["data"]["context"].items()) == list(context.items())
        assert list(read["data"])[15:] == ["context"] if ending else ["context", "lastError"]


@pytest.mark.parametrize(
    ("epoch", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (START, "2025-06-15T15:06:40.000Z"),
        (START + 0.25, "2025-06-15T15:06:40.250Z"),
        (-1.5, "1969-12-31T23:59:58.500Z"),
    ],
)
def test_a_timestamp_is_rfc_3339_in_utc_with_milliseconds(epoch: float, text: str) -> None:
    assert timestamp(epoch) == text
