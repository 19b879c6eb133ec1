"""What the polls of one run are taken for, and how the daemon would decide."""

import hashlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support import ManualClock
from tests.unit.support.get_answers import SESSION_ID, answer, service_error
from watcher.cli.get.observed_session import Observed, read
from watcher.config import Settings
from watcher.domain.errors import (
    AccessDenied,
    MalformedResult,
    PollError,
    SessionNotFound,
    Throttled,
    UnreadableAnswer,
)
from watcher.domain.model import SessionResult


def observing(*outcomes: Any) -> Observed:
    """A run whose polls had these outcomes."""
    observed = Observed(SESSION_ID, Settings(), ManualClock())
    for outcome in outcomes:
        observed.poll(asking(outcome))
    return observed


def asking(outcome: Any) -> Any:
    """A call that ends so."""

    def ask() -> Any:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return ask


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, UnreadableAnswer),
        ({}, UnreadableAnswer),
        ([1], UnreadableAnswer),
        (answer("SUCCEEDED"), MalformedResult),
        (answer("NEW"), PollError),
        (
            answer("CREATED", AuditImages=[{"Bytes": 5}, {"Bytes": "!!"}], ReferenceImage={"Bytes": "x"}),
            SessionResult,
        ),
    ],
)
def test_reading_believes_nothing(value: Any, kind: type) -> None:
    assert isinstance(read(SESSION_ID, value), kind)


def test_reading_leaves_the_answer_for_stdout_alone() -> None:
    value = answer("CREATED", ReferenceImage={"Bytes": "aGVsbG8="})
    found = read(SESSION_ID, value)
    assert isinstance(found, SessionResult)
    assert found.reference_image is not None
    assert value["ReferenceImage"]["Bytes"] == "aGVsbG8="


def test_an_operators_fault_decides_nothing() -> None:
    observed = observing()
    assert isinstance(observed.poll(asking(service_error("AccessDeniedException"))), AccessDenied)
    assert not observed.has_ended
    assert json.loads(observed.decision("/x", is_over=False))["decision"] is None


@pytest.mark.parametrize(
    ("outcome", "status", "has_ended"),
    [
        (answer("CREATED"), "CREATED", False),
        (answer("IN_PROGRESS"), "IN_PROGRESS", False),
        (answer("FAILED"), "FAILED", True),
        (answer("EXPIRED"), "EXPIRED", True),
        (answer("SUCCEEDED", Confidence=97.5), "SUCCEEDED", True),
        (service_error("InvalidParameterException"), "m", True),
        (service_error("ThrottlingException"), "m", False),
        (service_error("SessionNotFoundException"), "m", True),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_run_has_ended_when_no_later_answer_could_change_the_decision(
    outcome: Any, status: str, has_ended: bool
) -> None:
    observed = observing(outcome)
    assert status in observed.status
    assert observed.has_ended is has_ended


def test_the_latest_call_counts_and_every_one_is_a_poll() -> None:
    observed = observing(answer("CREATED"), service_error("ThrottlingException"))
    assert isinstance(observed.error, ClientError)
    assert isinstance(observed.latest, Throttled)
    assert observed.answer == answer("CREATED")
    observed.poll(asking(answer("FAILED")))
    assert (observed.error, observed.answer, observed.session.polls) == (None, answer("FAILED"), 3)
    assert isinstance(observing(service_error("SessionNotFoundException")).latest, SessionNotFound)


def test_the_decision_is_an_event_by_the_settings_rules() -> None:
    observed = observing(answer("CREATED"), answer("SUCCEEDED", Confidence=10.0))
    data = json.loads(observed.decision("/watcher/x", is_over=True))["data"]
    assert (data["outcome"], data["reason"], data["threshold"]) == ("not_live", "confidence_below_threshold", 80.0)
    assert data["polls"] == 2


def test_an_image_is_in_the_decision_by_its_digest_alone() -> None:
    observed = observing(answer("SUCCEEDED", Confidence=99.0, ReferenceImage={"Bytes": "aGVsbG8="}))
    event = observed.decision("/watcher/x", is_over=True)
    assert json.loads(event)["data"]["referenceImage"]["sha256"] == hashlib.sha256(b"hello").hexdigest()
    assert json.loads(event)["data"]["outcome"] == "live"
    assert "aGVsbG8" not in event


def test_a_session_that_has_not_ended_is_told_on_one_line() -> None:
    line = observing(answer("IN_PROGRESS")).decision("/watcher/x", is_over=False)
    assert json.loads(line) == {
        "sessionId": SESSION_ID,
        "decision": None,
        "last": "IN_PROGRESS",
        "note": "the session has not ended; --wait polls until it has",
    }
    assert "\n" not in line
