"""What a sink gets: its outcomes, with or without the score."""

import json

import pytest

from tests.unit.delivery.outboxes import decided, event_of, running
from tests.unit.support.world import World
from watcher.delivery.selection import Selection
from watcher.domain.model import Decision, DecisionEvent, LedgerEntry, Outcome, Reason

pytestmark = pytest.mark.usefixtures("no_waiting")


def test_a_sink_without_scores_gets_all_the_rest_in_the_same_bytes_each_time() -> None:
    world = World()
    event = event_of(world, world.session(1))
    selection = Selection(leaves_out_scores=True)
    full, reduced = json.loads(event.body), json.loads(selection.shown(event).body)
    for member in ("confidence", "threshold", "referenceImage", "auditImages"):
        del full["data"][member]
    assert reduced == full
    assert list(reduced["data"]) == list(full["data"])
    assert selection.shown(event) == selection.shown(event)
    assert selection.shown(event).key == event.key


def test_odd_texts_in_a_context_stay_as_they_are() -> None:
    world = World()
    event = event_of(world, world.session(1))
    document = json.loads(event.body)
    document["data"]["context"] = {"a": "\ud800\u2028\x7f", "b": 1e300, "c": 10**30}
    shown = Selection(leaves_out_scores=True).shown(DecisionEvent(event.key, json.dumps(document)))
    assert json.loads(shown.body)["data"]["context"] == document["data"]["context"]
    shown.body.encode()


@pytest.mark.parametrize(("only", "wants"), [((), True), (("live",), True), (("not_live", "inconclusive"), False)])
def test_a_sink_gets_the_outcomes_that_it_wants(only: tuple[str, ...], wants: bool) -> None:
    world = World()
    assert Selection(frozenset(only)).wants(event_of(world, world.session(1))) == wants


def test_a_decision_that_a_sink_does_not_want_is_skipped_and_the_ack_does_not_wait_for_it() -> None:
    selections = {"a": Selection(frozenset({"not_live"})), "b": Selection(leaves_out_scores=True)}
    world = World(sinks=("a", "b"), selections=selections)
    world.sinks["a"].gate.clear()  # it would hang
    with running(world) as outbox:
        event = decided(world, world.session(1))
        outbox.drain()
    assert world.sinks["a"].events == []
    assert world.sinks["b"].events == [selections["b"].shown(event)]
    assert world.labelled("watcher_sink_deliveries_total", sink="a", result="skipped") == 1
    assert world.labelled("watcher_sink_deliveries_total", sink="b", result="skipped") == 0
    assert len(world.queue.acked) == 1
    (entry,) = world.ledger.entries.values()
    assert entry.event == event  # the ledger has all of it
    assert set(entry.delivered) == {"b"}


def test_a_decision_that_no_sink_wants_is_acked() -> None:
    world = World(selections={"a": Selection(frozenset({"not_live"}))})
    with running(world) as outbox:
        decided(world, world.session(1))
        outbox.drain()
    assert world.sinks["a"].events == []
    assert len(world.queue.acked) == 1


def test_a_redelivered_message_is_skipped_as_well() -> None:
    world = World(selections={"a": Selection(frozenset({"not_live"}))})
    session = world.session(1)
    entry = LedgerEntry(event_of(world, session), 0.5)
    world.ledger.entries[session.key] = entry
    with running(world) as outbox:
        world.outbox.resume(session, entry)
        outbox.drain()
    assert world.sinks["a"].events == []
    assert len(world.queue.acked) == 1


def test_what_is_wanted_is_the_outcome_of_the_record() -> None:
    """Another watcher may have decided otherwise: what the ledger has counts."""
    world = World(selections={"a": Selection(frozenset({"live"}))})
    session = world.session(1)
    entry = LedgerEntry(event_of(world, session), 0.5)
    world.ledger.entries[session.key] = entry
    mine = DecisionEvent(session.key, entry.event.body.replace('"live"', '"inconclusive"'))
    with running(world) as outbox:
        world.outbox.decided(session, Decision(Outcome.INCONCLUSIVE, Reason.TIMED_OUT), mine)
        outbox.drain()
    assert world.sinks["a"].events == [entry.event]
