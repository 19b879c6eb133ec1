import json
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from tests.support import START, session_id
from tests.unit.delivery.outboxes import decided, event_of, running
from tests.unit.support.builders import a_lease, put_in
from tests.unit.support.world import World
from watcher.delivery.outbox import ANSWERED_AGAIN
from watcher.domain.model import DecisionEvent, LedgerEntry, SessionKey
from watcher.sessions.session import Session
from watcher.util.rfc3339 import timestamp

pytestmark = pytest.mark.usefixtures("no_waiting")


def test_the_entry_of_another_process_wins_over_our_decision() -> None:
    world = World()
    session = world.session(1)
    theirs = replace(event_of(world, session), body='{"outcome":"not_live"}')
    world.ledger.entries[session.key] = LedgerEntry(theirs, 0.5)
    with running(world) as outbox:
        decided(world, session)
        outbox.drain()
    assert world.sinks["a"].events == [theirs]
    assert world.queue.acked == [a_lease(1)]
    labels = {"outcome": "live", "reason": "confidence_met", "policy": "default"}
    assert world.labelled("watcher_decisions_total", **labels) == 0


def test_after_a_crash_between_two_sinks_only_what_is_missing_goes_out() -> None:
    world = World(sinks=("a", "b"))
    session = world.session(1)
    event = event_of(world, session)
    entry = LedgerEntry(event, 0.5, delivered={"a": 1.0})
    world.ledger.entries[session.key] = entry
    with running(world) as outbox:
        world.outbox.resume(session, entry)
        world.calls.wait_for("ack")
        outbox.drain()
    assert world.sinks["a"].events == []
    assert world.sinks["b"].events == [event]


def test_after_a_crash_before_the_ack_the_message_is_only_acked() -> None:
    world = World()
    session = world.session(1)
    entry = LedgerEntry(event_of(world, session), 0.5, delivered={"a": 1.0, "sink-of-old": 1.0})
    world.ledger.entries[session.key] = entry
    with running(world) as outbox:
        world.outbox.resume(session, entry)
        world.calls.wait_for("ack")
        outbox.drain()
    assert world.calls.names == ["mark_acked", "ack"]


def test_a_acked_decision_that_is_asked_for_again_goes_to_every_sink_again() -> None:
    world = World(sinks=("a", "b"))
    session = world.session(1)
    event = event_of(world, session)
    entry = LedgerEntry(event, 0.5, delivered={"a": 1.0, "b": 1.0}, acked_at=2.0)
    world.ledger.entries[session.key] = entry
    with running(world) as outbox:
        world.outbox.resume(session, entry)
        world.calls.wait_for("ack")
        outbox.drain()
    assert world.sinks["a"].events == world.sinks["b"].events == [event]


KEY = SessionKey(session_id(1), "default")
LIFETIME = 180.0
TOO_LATE = LIFETIME + ANSWERED_AGAIN


def ask_again(world: World, entry: LedgerEntry, sent_after: float) -> list[str]:
    """Take over a message for a decided session, sent so long after its creation; returns what was logged of it."""
    sent_at, now = START + sent_after, world.clock.monotonic()
    session = Session(*KEY, sent_at, sent_at - now, LIFETIME, sent_at=sent_at)
    put_in(world.in_flight, session, a_lease(1), now=now)
    world.ledger.entries[KEY] = entry
    with capture_logs() as logs, running(world) as outbox:
        world.outbox.resume(session, entry)
        world.calls.wait_for("ack")
        outbox.drain()
    return [line["event"] for line in logs if line.get("session_id") == KEY.session_id]


def entry_of(*delivered: str, acked: bool, **data: object) -> LedgerEntry:
    body = json.dumps({"id": KEY.event_id, "data": {"createdAt": timestamp(START), **data}})
    settled_at = START + 20.0 if acked else None
    event = DecisionEvent(KEY, body)
    return LedgerEntry(event, START + 10.0, delivered=dict.fromkeys(delivered, START + 11.0), acked_at=settled_at)


@pytest.mark.parametrize("sent_after", [TOO_LATE + 0.01, 86_400.0, 1e9])
def test_a_message_sent_long_after_its_session_s_end_is_acked_and_reaches_no_sink(sent_after: float) -> None:
    world = World(sinks=("a", "b"))
    assert ask_again(world, entry_of("a", "b", acked=True), sent_after) == ["late_message_acked"]
    assert world.sinks["a"].events == world.sinks["b"].events == []
    assert world.queue.acked == [a_lease(1)]


def test_a_sink_that_came_later_gets_no_old_decision_for_a_late_message() -> None:
    world = World(sinks=("a", "new"))
    assert ask_again(world, entry_of("a", acked=True), TOO_LATE + 1.0) == ["late_message_acked"]
    assert world.sinks["new"].events == []


@pytest.mark.parametrize("sent_after", [0.0, LIFETIME, TOO_LATE - 0.01])
def test_a_message_sent_before_that_is_answered_by_every_sink(sent_after: float) -> None:
    world = World(sinks=("a", "b"))
    entry = entry_of("a", "b", acked=True)
    assert "late_message_acked" not in ask_again(world, entry, sent_after)
    assert world.sinks["a"].events == world.sinks["b"].events == [entry.event]


def test_a_message_sent_long_after_still_brings_the_decision_to_the_sinks_without_it() -> None:
    world = World(sinks=("a", "b"))
    entry = entry_of("a", acked=False)
    assert "late_message_acked" not in ask_again(world, entry, TOO_LATE + 1.0)
    assert world.sinks["a"].events == []
    assert world.sinks["b"].events == [entry.event]


@pytest.mark.parametrize("created", [None, "yesterday", 17])
def test_without_a_creation_in_the_record_the_decision_s_own_time_counts(created: object) -> None:
    entry = entry_of("a", acked=True, createdAt=created)
    assert "late_message_acked" not in ask_again(World(), entry, TOO_LATE + 10.0)
    assert ask_again(World(), entry, TOO_LATE + 10.01) == ["late_message_acked"]
