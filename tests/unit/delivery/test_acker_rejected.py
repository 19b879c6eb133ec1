"""A decision that a sink rejects for good: its message is dead-lettered directly, and nothing else is lost by it."""

import json
from collections.abc import Sequence
from threading import Event

import pytest

from tests.support import decision, session_id
from tests.unit.delivery.outboxes import decided, running
from tests.unit.support.builders import a_beat, a_lease, a_received_message
from tests.unit.support.world import World
from watcher.consumer.message import parse_message
from watcher.domain.errors import LedgerError
from watcher.domain.event_result import DELIVERED, EventResult, rejected
from watcher.domain.model import DeadReason, DecisionEvent, LedgerEntry, ReceivedMessage, SessionKey
from watcher.util.retry import RetryUntilStopped

pytestmark = pytest.mark.usefixtures("no_waiting")

KEY = SessionKey(session_id(1), "default")
TOO_LARGE = rejected("too large", is_final=True)


def reject(world: World, *sinks: str, times: int = 1) -> None:
    """Let these sinks reject their first events."""
    for sink in sinks:
        world.sinks[sink].results += [TOO_LARGE] * times


def deliver(world: World, *numbers: int) -> None:
    """Hand decisions over, and let their messages go where they go."""
    with running(world) as outbox:
        for number in numbers:
            decided(world, world.session(number))
        outbox.drain()
    world.dead_letter()


def take_in(world: World, *deliveries: ReceivedMessage) -> None:
    world.consumer.process(deliveries, RetryUntilStopped(Event(), a_beat(world.clock)))


def test_the_message_goes_to_the_dead_letters_at_once_without_being_released() -> None:
    world = World(sinks=("a", "b"))
    reject(world, "a")
    deliver(world, 1)
    [(delivery, reason, detail)] = world.queue.dead_letters
    assert (delivery.lease, reason, detail) == (a_lease(1), DeadReason.REFUSED_BY_SINK, "sink a: too large")
    assert json.loads(delivery.body)["sessionId"] == session_id(1)
    assert (world.queue.released, world.queue.acked, len(world.in_flight)) == ([], [], 0)
    assert "receive" not in world.calls.names
    assert world.labelled("watcher_dead_letters_total", reason="refused_by_sink") == 1
    assert world.labelled("watcher_sink_deliveries_total", sink="a", result="refused") == 1
    assert world.ledger.entries[KEY].acked_at is None


def test_the_other_sinks_have_it_first_and_the_ledger_says_which_lacks_it() -> None:
    world = World(sinks=("a", "b"))
    world.sinks["b"].gate.clear()
    reject(world, "a")
    with running(world) as outbox:
        decided(world, world.session(1))
        world.calls.wait_for("a")
        decided(world, world.session(2))
        world.calls.wait_for("delivered a")  # the rejection before it has been told by then
        for acks in (1, 2):  # the second batch comes after all that the first one would bring
            entry = LedgerEntry(decision(9), 1.0, delivered={"a": 1.0, "b": 1.0})
            world.ledger.entries[entry.event.key] = entry
            world.outbox.resume(world.session(9, a_lease(9 + acks)), entry)
            world.calls.wait_for("ack", acks)
        assert len(world.in_flight) == 2
        world.sinks["b"].gate.set()
        outbox.drain()
    world.dead_letter()
    entry = world.ledger.entries[KEY]
    assert (set(entry.delivered), entry.acked_at) == ({"b"}, None)
    assert [delivery.lease for delivery, _, _ in world.queue.dead_letters] == [a_lease(1)]


def test_two_sinks_that_reject_it_are_both_told() -> None:
    world = World(sinks=("a", "b"))
    reject(world, "a", "b")
    deliver(world, 1)
    assert world.queue.dead_letters[0][2] == "sink a: too large; sink b: too large"


def test_a_replay_hands_the_same_event_to_the_sink_that_lacks_it_alone() -> None:
    world = World(sinks=("a", "b"))
    reject(world, "a")
    with running(world) as outbox:
        event = decided(world, world.session(1))
        world.calls.wait_for("delivered b")
        world.calls.wait_for("a")
        while len(world.in_flight):
            world.in_flight.wait_for_room(0.01)
        take_in(world, a_received_message(session_id(1), 2))  # replayed after the sink was fixed
        outbox.drain()
    world.dead_letter()
    assert world.sinks["a"].events == world.sinks["b"].events == [event]
    assert (world.queue.acked, len(world.queue.dead_letters)) == ([a_lease(2, "one-batch")], 1)
    assert world.ledger.entries[KEY].acked_at is not None


def test_every_message_of_the_session_is_dead_lettered() -> None:
    world = World()
    reject(world, "a")
    with running(world) as outbox:
        decided(world, world.session(1, a_lease(1), a_lease(2)))
        outbox.drain()
    world.dead_letter()
    assert [delivery.lease for delivery, _, _ in world.queue.dead_letters] == [a_lease(1), a_lease(2)]
    assert world.queue.acked == []


def test_one_that_is_rejected_keeps_no_other_from_its_ack() -> None:
    world = World()

    def picky(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        return [TOO_LARGE if event.key == KEY else DELIVERED for event in events]

    world.sinks["a"].judge = picky
    deliver(world, 1, 2)
    assert [delivery.lease for delivery, _, _ in world.queue.dead_letters] == [a_lease(1)]
    assert world.queue.acked == [a_lease(2)]


def test_a_rejected_decision_whose_leases_are_lost_is_anothers_to_judge() -> None:
    world = World()
    session = world.session(1)
    world.calls.on("a", lambda: world.in_flight.mark_lost(session.leases[0]))
    reject(world, "a")
    with running(world) as outbox:
        decided(world, session)
        outbox.drain()
    world.dead_letter()
    assert (world.queue.released, world.queue.dead_letters, world.queue.acked) == ([], [], [])


def test_a_ledger_that_fails_at_the_acks_loses_no_rejected_message() -> None:
    world = World()
    world.calls.break_down("mark_acked", LedgerError("locked"))
    reject(world, "a")
    with running(world) as outbox:
        decided(world, world.session(1))
        decided(world, world.session(2))
        world.calls.wait_for("mark_acked")
        outbox.drain(0.0)
    world.dead_letter()
    assert [delivery.lease for delivery, _, _ in world.queue.dead_letters] == [a_lease(1)]


def test_without_a_place_for_dead_letters_the_message_is_left_to_its_lease() -> None:
    world = World()
    world.queue.has_dead_letters = False
    reject(world, "a")
    deliver(world, 1)
    assert (world.queue.dead_letters, world.queue.acked, world.queue.released) == ([], [], [])
    assert len(world.in_flight) == 0


def test_the_dead_letter_asks_for_the_same_decision() -> None:
    world = World()
    reject(world, "a")
    session = world.session(1, policy="payout")
    with running(world) as outbox:
        decided(world, session)
        outbox.drain()
    world.dead_letter()
    [(delivery, _, _)] = world.queue.dead_letters
    request = parse_message(delivery.body, delivery.sent_at, ["payout"])
    assert request.key == session.key


def test_a_decision_that_cannot_be_read_is_handed_to_no_sink() -> None:
    """Another watcher decided the session between receipt and record, and its entry is damaged."""
    world = World()
    world.ledger.entries[KEY] = LedgerEntry(DecisionEvent(KEY, ""), 1.0, fault="not JSON")
    deliver(world, 1)
    [(delivery, reason, detail)] = world.queue.dead_letters
    assert (delivery.lease, reason, detail) == (a_lease(1), DeadReason.UNREADABLE_DECISION, "not JSON")
    assert (world.sinks["a"].events, world.queue.acked, len(world.in_flight)) == ([], [], 0)
