"""The session that a message asks for: its times, its decision, and the memory that it will take."""

import json
from sys import getsizeof
from typing import Any

import pytest

from tests.support import START, ManualClock, session_id
from tests.unit.support.builders import a_lease
from watcher.consumer.message import parse_message
from watcher.consumer.new_session import creation_of, new_session
from watcher.decisions.cloud_event import decision_event
from watcher.domain.model import (
    Decision,
    DecisionEvent,
    DecisionRules,
    LedgerEntry,
    Outcome,
    Reason,
    ReceivedMessage,
    SessionKey,
)
from watcher.sessions.session import Session
from watcher.util.rfc3339 import timestamp

UNDECIDED = Decision(Outcome.INCONCLUSIVE, Reason.TIMED_OUT)
LIFETIME = 180.0


def a_message(sent_at: float = START, sent_monotonic: float | None = None, **members: Any) -> ReceivedMessage:
    body = json.dumps({"sessionId": session_id(1), **members}, ensure_ascii=False)
    return ReceivedMessage(a_lease(1), body, sent_at, sent_monotonic=sent_monotonic)


def made(message: ReceivedMessage, clock: ManualClock, entry: LedgerEntry | None = None) -> Session:
    """The session as the consumer makes it."""
    request = parse_message(message.body, message.sent_at, {"payout"}, lifetime=LIFETIME)
    return new_session(message, request, creation_of(message, request, clock), LIFETIME, entry, clock)


def with_context(context: dict[str, Any]) -> Session:
    return made(a_message(context=context), ManualClock())


def test_it_is_what_the_message_says() -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    session = made(a_message(policy="payout", context={"a": 1}, traceparent=trace), ManualClock())
    assert session.key == SessionKey(session_id(1), "payout")
    assert (session.context, session.traceparent, session.is_ended) == (b'{"a":1}', trace, False)


@pytest.mark.parametrize(("created_ago", "waited"), [(0.0, 0.0), (30.0, 0.0), (0.0, 50.0), (30.0, 50.0)])
def test_its_age_is_the_time_before_its_message_was_sent_and_on_the_queue(created_ago: float, waited: float) -> None:
    clock = ManualClock()
    message = a_message(createdAt=timestamp(START - created_ago))
    clock.advance(waited)
    session = made(message, clock)
    assert session.created_monotonic == pytest.approx(clock.monotonic() - created_ago - waited)
    assert session.deadline == pytest.approx(session.created_monotonic + LIFETIME)
    assert (session.created_at, session.received_at) == (START - created_ago, START + waited)


def test_a_message_from_the_future_was_sent_now() -> None:
    clock = ManualClock()
    session = made(a_message(sent_at=START + 3600.0), clock)
    assert session.created_monotonic == clock.monotonic()


def test_a_queue_that_knows_the_monotonic_time_is_believed_whatever_the_wall_clock_says() -> None:
    clock = ManualClock()
    message = a_message(sent_monotonic=clock.monotonic(), createdAt=timestamp(START - 10.0))
    clock.advance(5.0)
    clock.set_wall(START + 7200.0)
    session = made(message, clock)
    assert session.created_monotonic == pytest.approx(clock.monotonic() - 15.0)
    assert session.received_at == pytest.approx(START + 5.0)


def test_a_creation_that_can_not_be_is_noted_in_its_history() -> None:
    session = made(a_message(createdAt="2001-01-01T00:00:00Z"), ManualClock())
    assert session.created_at == START
    (note,) = [step for step in json.loads(session.history) if step["event"] == "corrected"]
    assert (note["claimed"], note["sentAt"]) == (978307200.0, START)
    assert "corrected" not in made(a_message(), ManualClock()).history


@pytest.mark.parametrize("letter", ["x", "é", "ж", "💡"])
def test_its_weight_is_what_a_context_and_its_event_take_of_memory(letter: str) -> None:
    """A text with one wide character takes up to four bytes for each of all the others."""
    session = with_context({"a": letter + "x" * 10_000})
    event = decision_event(session, UNDECIDED, None, DecisionRules(), source="/watcher/us-east-1", now=START)
    assert 0.9 < session.context_bytes / (len(session.context) + getsizeof(event.body)) <= 1.0


def test_a_session_without_a_context_has_no_weight() -> None:
    assert made(a_message(), ManualClock()).context_bytes == with_context({}).context_bytes == 0


def test_a_decided_session_has_ended_and_weighs_what_its_decision_takes() -> None:
    event = DecisionEvent(SessionKey(session_id(1), "default"), "x" * 100_000)
    session = made(a_message(), ManualClock(), LedgerEntry(event, 1.0))
    assert session.is_ended
    assert session.context_bytes >= len(event.body)
