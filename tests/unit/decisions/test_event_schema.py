"""The schema of the event fits what is emitted: all of it, and nothing that must not be."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.unit.support.builders import PICTURE, a_session, an_answer, live_answer
from watcher.decisions.cloud_event import decision_event
from watcher.decisions.event_schema import event_schema
from watcher.decisions.rules import decide
from watcher.delivery.selection import Selection
from watcher.domain.decision_table import DECISIONS, STRONGER_CHALLENGE
from watcher.domain.errors import (
    AccessDenied,
    MalformedResult,
    PollError,
    RejectedByService,
    SessionNotFound,
    Throttled,
    UnknownStatus,
    UnreadableAnswer,
)
from watcher.domain.feedback import Feedback
from watcher.domain.model import (
    BoundingBox,
    Challenge,
    DecisionEvent,
    DecisionRules,
    Image,
    S3Object,
    SessionKey,
    SessionResult,
    SessionStatus,
)

SUCCEEDED = SessionStatus.SUCCEEDED
KEY = SessionKey("00000000-0000-0000-0000-000000000001", "default")
FULL = SessionResult(
    "00000000-0000-0000-0000-000000000001",
    SUCCEEDED,
    confidence=100.0,
    reference_image=Image(S3Object("b", "n", "v"), BoundingBox(0.1, 0.2, -0.03, 1.2), "ab" * 32),
    audit_images=(Image(), PICTURE, Image(bounding_box=BoundingBox(None, None, None, None))),
    challenge=Challenge("FaceMovementChallenge", None),
    feedback=(Feedback("LOW_LIGHTING_DETECTED", "More light, please."), Feedback("NEW_CODE", "")),
    sdk_type="AmplifyWeb",
)
WITHOUT_CHALLENGE = live_answer()._replace(challenge=None)
STRONGER = DecisionRules(require_challenge=STRONGER_CHALLENGE)
ENDINGS: list[SessionResult | PollError | None] = [
    None,
    FULL,
    live_answer(),
    *(an_answer(SUCCEEDED, confidence, image) for confidence in (0.0, 79.9, 80.0) for image in (None, PICTURE)),
    *(an_answer(status) for status in SessionStatus if status is not SUCCEEDED),
    WITHOUT_CHALLENGE,
    *(fault("why") for fault in (AccessDenied, MalformedResult, RejectedByService, SessionNotFound, Throttled)),
    UnreadableAnswer("blank"),
    UnknownStatus("PAUSED?", "PAUSED"),
]
SCHEMA = event_schema()
CHECK = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def event_on(ending: SessionResult | PollError | None, **session: Any) -> dict[str, Any]:
    rules = STRONGER if ending is WITHOUT_CHALLENGE else DecisionRules()
    watched = a_session(**session)
    if isinstance(ending, PollError):
        watched.record(ending)
    made = decision_event(watched, decide(ending, rules), ending, rules, source="/watcher/x", now=watched.created_at)
    event: dict[str, Any] = json.loads(made.body)
    return event


EVENTS = [event_on(ending) for ending in ENDINGS]
EVENTS += [event_on(FULL, traceparent=f"00-{'a' * 32}-{'b' * 16}-01", policy="payout", context={"a": [None]})]
WITHOUT_SCORE = Selection(leaves_out_scores=True).shown(DecisionEvent(KEY, json.dumps(EVENTS[1])))
BEFORE_UPDATE = copy.deepcopy(EVENTS[1])
for member in ("feedback", "sdkType"):
    del BEFORE_UPDATE["data"][member]
EVENTS += [json.loads(WITHOUT_SCORE.body), BEFORE_UPDATE]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_events_have_each_outcome_and_reason() -> None:
    found = {(event["data"]["outcome"], event["data"]["reason"]) for event in EVENTS}
    assert found == {(outcome.value, reason.value) for outcome, reason in DECISIONS}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["data"]["reason"])
def test_each_event_fits(event: dict[str, Any]) -> None:
    CHECK.validate(event)


def described(value: object, schema: Any, path: str = "") -> Iterator[str]:
    """The members of a value that its schema does not describe; a context is anybody's."""
    branches = [schema, *schema.get("anyOf", ())]
    if isinstance(value, list):
        for item in value:
            yield from described(item, schema["items"], f"{path}[]")
    if not isinstance(value, dict) or path.endswith(".context"):
        return
    known: dict[str, Any] = {name: each for one in branches for name, each in one.get("properties", {}).items()}
    for name, member in value.items():
        if name not in known:
            yield f"{path}.{name}"
        else:
            assert known[name].get("description"), f"{path}.{name}"
            yield from described(member, known[name], f"{path}.{name}")


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["data"]["reason"])
def test_each_member_is_described(event: dict[str, Any]) -> None:
    assert list(described(event, SCHEMA)) == []


def test_no_member_is_described_that_no_event_has() -> None:
    for part, whole in ((SCHEMA, EVENTS), (SCHEMA["properties"]["data"], [event["data"] for event in EVENTS])):
        assert set(part["properties"]) == {name for each in whole for name in each}
        assert set(part["required"]) == set.intersection(*(set(each) for each in whole))


def changed(**data: Any) -> dict[str, Any]:
    event = copy.deepcopy(EVENTS[1])
    event["data"] |= data
    return event


@pytest.mark.parametrize(
    "event",
    [
        changed(reason="session_failed"),
        changed(reason="timed_out"),
        changed(outcome="not_live"),
        changed(outcome="LIVE"),
        changed(confidence=None),
        changed(confidence=100.1),
        changed(confidence="97"),
        changed(status="FAILED"),
        changed(status=None),
        changed(referenceImage={"Bytes": "aGVsbG8="}),
        changed(createdAt="yesterday"),
        changed(sessionId="x"),
        changed(context=None),
        changed(polls=-1),
        {**EVENTS[1], "type": "liveness.decision.v2"},
        {**EVENTS[1], "specversion": "0.3"},
        {**EVENTS[1], "traceparent": "nonsense"},
        {name: value for name, value in EVENTS[1].items() if name != "id"},
        {**EVENTS[1], "data": {name: value for name, value in EVENTS[1]["data"].items() if name != "outcome"}},
    ],
)
def test_what_is_never_emitted_does_not_fit(event: dict[str, Any]) -> None:
    assert not CHECK.is_valid(event)


def test_members_that_a_later_release_adds_fit() -> None:
    CHECK.validate({**changed(added=1), "added": 1})
