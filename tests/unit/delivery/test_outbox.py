import json

import pytest

from tests.unit.delivery.outboxes import decided, event_of, running
from tests.unit.support.builders import a_lease, live_answer
from tests.unit.support.fakes import FakeSink
from tests.unit.support.world import World
from watcher.domain.model import Decision, LedgerEntry, Outcome, Reason

pytestmark = pytest.mark.usefixtures("no_waiting")


def test_the_order_is_ledger_then_sink_then_marked_acked_then_ack() -> None:
    world = World()
    with running(world) as outbox:
        event = decided(world, world.session(1))
        outbox.drain()
    assert world.calls.names == ["record", "a", "delivered a", "mark_acked", "ack"]
    assert world.sinks["a"].events == [event]
    assert world.queue.acked == [a_lease(1)]
    assert len(world.in_flight) == 0
    assert outbox.deaths == []


def test_a_decision_is_counted_once_with_its_latency_and_polls() -> None:
    world = World()
    session = world.session(1)
    for _ in range(3):
        session.record(live_answer())
    world.clock.advance(12.0)
    with running(world) as outbox:
        decided(world, session)
        outbox.drain()
    labels = {"outcome": "live", "reason": "confidence_met", "policy": "default"}
    assert world.labelled("watcher_decisions_total", **labels) == 1
    assert world.labelled("watcher_decision_latency_seconds_sum") == 12.0
    assert world.labelled("watcher_polls_per_session_sum") == 3
    assert world.labelled("watcher_sink_deliveries_total", sink="a", result="ok") == 1


def test_the_drain_finishes_all_that_was_handed_over() -> None:
    world = World(sinks=("a", "b"), limit=1000)
    for number in range(500):
        decided(world, world.session(number))
    with running(world) as outbox:
        outbox.drain()
    assert len(world.queue.acked) == len(world.sinks["a"].events) == len(world.sinks["b"].events) == 500
    assert len(world.in_flight) == 0


def test_the_trail_is_recorded_as_json() -> None:
    world = World()
    session = world.session(1)
    session.note_poll(1.0, "succeeded", 0.25)
    with running(world) as outbox:
        decided(world, session)
        outbox.drain()
    noted = {"at": 1.0, "event": "poll", "result": "succeeded", "seconds": 0.25}
    assert json.loads(world.ledger.entries[session.key].trail) == [noted]


def test_a_policy_beyond_the_labelled_ones_is_counted_as_other() -> None:
    world = World()
    session = world.session(1, policy="rare")
    decision = Decision(Outcome.INCONCLUSIVE, Reason.TIMED_OUT)
    with running(world) as outbox:
        world.outbox.decided(session, decision, event_of(world, session))
        outbox.drain()
    labels = {"outcome": "inconclusive", "reason": "timed_out", "policy": "other"}
    assert world.labelled("watcher_decisions_total", **labels) == 1


def test_a_sink_gets_as_much_at_once_as_it_takes_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeSink, "max_batch", 7)
    world = World()
    for number in range(20):
        session = world.session(number)
        entry = LedgerEntry(event_of(world, session), 0.5)
        world.ledger.entries[session.key] = entry
        world.outbox.resume(session, entry)
    with running(world) as outbox:
        outbox.drain()
    assert world.sinks["a"].batches == [7, 7, 6]
    assert len(world.queue.acked) == 20
