"""What a session in flight weighs: so many bytes of memory its context and its event take, or will."""

import json
from sys import getsizeof
from threading import Event

import pytest

from tests.support import START, session_id
from tests.unit.support.builders import a_beat, a_received_message
from tests.unit.support.world import World
from watcher.decisions.cloud_event import decision_event
from watcher.domain.limits import MAX_CONTEXT_BYTES
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
from watcher.sessions.in_flight import MAX_IN_FLIGHT_BYTES, MAX_SESSION_BYTES
from watcher.sessions.session import Session
from watcher.util.retry import RetryUntilStopped

UNDECIDED = Decision(Outcome.INCONCLUSIVE, Reason.TIMED_OUT)


def take_in(world: World, delivery: ReceivedMessage) -> None:
    world.consumer.process([delivery], RetryUntilStopped(Event(), a_beat(world.clock)))


def sessions_in(world: World, count: int) -> list[Session]:
    return [session for number in range(count) for session in world.in_flight.of(session_id(number))]


@pytest.mark.parametrize("letter", ["x", "é", "ж", "💡"])
def test_the_weight_is_what_a_context_and_its_event_take_of_memory(letter: str) -> None:
    """A text with one wide character takes up to four bytes for each of all the others."""
    world = World()
    context = json.dumps({"a": letter + "x" * 10_000}, ensure_ascii=False)
    take_in(world, a_received_message(f'{{"sessionId": "{session_id(1)}", "context": {context}}}'))
    [session] = world.in_flight.of(session_id(1))
    event = decision_event(session, UNDECIDED, None, DecisionRules(), source="/watcher/us-east-1", now=START)
    assert 0.9 < session.context_bytes / (len(session.context) + getsizeof(event.body)) <= 1.0


def test_a_decision_that_the_ledger_has_weighs_what_it_takes_whatever_its_message_says() -> None:
    world = World()
    key, body = SessionKey(session_id(1), "default"), "x" * 100_000
    world.ledger.entries[key] = LedgerEntry(DecisionEvent(key, body), 1.0)
    take_in(world, a_received_message(session_id(1)))
    [session] = world.in_flight.of(session_id(1))
    assert session.context_bytes >= len(body)


def test_a_session_without_a_context_has_no_weight() -> None:
    world = World()
    take_in(world, a_received_message(session_id(1)))
    assert [session.context_bytes for session in world.in_flight.of(session_id(1))] == [0]


def test_a_batch_of_the_heaviest_messages_stays_within_the_bound() -> None:
    """Room is given for what a batch may weigh: what it does weigh is known only once it is received."""
    world, number = World(limit=1000), 0
    context = json.dumps({"a": "💡" + "x" * (MAX_CONTEXT_BYTES - 100)}, ensure_ascii=False)
    while room := world.in_flight.wait_for_room(0):
        numbers = range(number, number + room)
        number += room
        batch = [
            a_received_message(f'{{"sessionId": "{session_id(each)}", "context": {context}}}', each)
            for each in numbers
        ]
        world.consumer.process(batch, RetryUntilStopped(Event(), a_beat(world.clock)))
        assert len(world.in_flight) == number
        assert sum(session.context_bytes for session in sessions_in(world, number)) <= MAX_IN_FLIGHT_BYTES
    assert number >= MAX_IN_FLIGHT_BYTES // MAX_SESSION_BYTES
