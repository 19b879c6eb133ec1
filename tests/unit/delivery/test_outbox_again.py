from dataclasses import replace

import pytest

from tests.unit.builders import a_lease
from tests.unit.delivery.outboxes import decided, event_of, running
from tests.unit.world import World
from watcher.model import LedgerEntry

pytestmark = pytest.mark.usefixtures("no_waiting")


def test_the_entry_of_another_process_wins_over_our_decision() -> None:
    world = World()
    watch = world.watch(1)
    theirs = replace(event_of(world, watch), body='{"outcome":"not_live"}')
    world.ledger.entries[watch.key] = LedgerEntry(theirs, 0.5)
    with running(world) as outbox:
        decided(world, watch)
        outbox.drain()
    assert world.sinks["a"].events == [theirs]
    assert world.queue.acked == [a_lease(1)]
    labels = {"outcome": "live", "reason": "confidence_met", "policy": "default"}
    assert world.labelled("watcher_decisions_total", **labels) == 0


def test_after_a_crash_between_two_sinks_only_what_is_missing_goes_out() -> None:
    world = World(sinks=("a", "b"))
    watch = world.watch(1)
    event = event_of(world, watch)
    entry = LedgerEntry(event, 0.5, delivered={"a": 1.0})
    world.ledger.entries[watch.key] = entry
    with running(world) as outbox:
        world.outbox.known(watch, entry)
        world.calls.wait_for("ack")
        outbox.drain()
    assert world.sinks["a"].events == []
    assert world.sinks["b"].events == [event]


def test_after_a_crash_before_the_ack_the_message_is_only_acked() -> None:
    world = World()
    watch = world.watch(1)
    entry = LedgerEntry(event_of(world, watch), 0.5, delivered={"a": 1.0, "sink-of-old": 1.0})
    world.ledger.entries[watch.key] = entry
    with running(world) as outbox:
        world.outbox.known(watch, entry)
        world.calls.wait_for("ack")
        outbox.drain()
    assert world.calls.names == ["settle", "ack"]


def test_a_settled_decision_that_is_asked_for_again_goes_to_every_sink_again() -> None:
    world = World(sinks=("a", "b"))
    watch = world.watch(1)
    event = event_of(world, watch)
    entry = LedgerEntry(event, 0.5, delivered={"a": 1.0, "b": 1.0}, settled_at=2.0)
    world.ledger.entries[watch.key] = entry
    with running(world) as outbox:
        world.outbox.known(watch, entry)
        world.calls.wait_for("ack")
        outbox.drain()
    assert world.sinks["a"].events == world.sinks["b"].events == [event]
