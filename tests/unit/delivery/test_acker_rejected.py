"""A decision that a sink refuses for what it is: its message is put aside, and nothing else is lost by it."""

from threading import Event

import pytest

from tests.support import decision, session_id
from tests.unit.builders import a_beat, a_delivery, a_lease
from tests.unit.delivery.outboxes import decided, running
from tests.unit.world import World
from watcher.delivery.batch_processor import Patience
from watcher.errors import LedgerError, QueueError, Refusal, SinkError
from watcher.model import DeadReason, Delivery, LedgerEntry, SessionKey

pytestmark = pytest.mark.usefixtures("no_waiting")

KEY = SessionKey(session_id(1), "default")
TOO_LARGE = SinkError("no", untaken={0}, refused={0: Refusal("too large", is_certain=True)})


@pytest.fixture(autouse=True)
def _no_gathering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for more acks."""
    monkeypatch.setattr("watcher.delivery.outbox.ACK_GATHER", 0.0)


def refuse(world: World, *sinks: str) -> None:
    """Hand a decision over that these sinks refuse, and let its message go where it goes."""
    for sink in sinks:
        world.calls.fail(sink, TOO_LARGE)
    with running(world) as outbox:
        decided(world, world.watch(1))
        outbox.drain()


def take_in(world: World, *deliveries: Delivery) -> None:
    world.intake.take_in(deliveries, Patience(Event(), a_beat(world.clock)))
    world.bury()


def test_the_message_goes_back_and_then_to_the_dead_letters_and_holds_no_place() -> None:
    world = World(sinks=("a", "b"))
    refuse(world, "a")
    assert (world.queue.released, world.queue.acked, len(world.in_flight)) == ([a_lease(1)], [], 0)
    take_in(world, a_delivery(session_id(1)), a_delivery(session_id(2), 2))
    [(delivery, reason, detail)] = world.queue.buried
    assert (delivery, reason) == (a_delivery(session_id(1)), DeadReason.REFUSED_BY_SINK)
    assert detail == "sink a: too large"
    assert len(world.in_flight) == 1
    assert world.labelled("watcher_dead_letters_total", reason="refused_by_sink") == 1
    assert world.labelled("watcher_sink_deliveries_total", sink="a", result="refused") == 1


def test_the_other_sinks_have_it_first_and_the_ledger_says_which_lacks_it() -> None:
    world = World(sinks=("a", "b"))
    world.sinks["b"].gate.clear()
    world.calls.fail("a", TOO_LARGE)
    with running(world) as outbox:
        decided(world, world.watch(1))
        world.calls.wait_for("a")
        decided(world, world.watch(2))
        world.calls.wait_for("delivered a")  # the refusal before it has been told by then
        for acks in (1, 2):  # the second batch comes after all that the first one would bring
            entry = LedgerEntry(decision(9), 1.0, delivered={"a": 1.0, "b": 1.0})
            world.ledger.entries[entry.event.key] = entry
            world.outbox.known(world.watch(9, a_lease(9 + acks)), entry)
            world.calls.wait_for("ack", acks)
        assert a_lease(1) not in world.queue.released
        world.sinks["b"].gate.set()
        world.calls.wait_for("release")
        outbox.drain()
    entry = world.ledger.entries[KEY]
    assert (set(entry.delivered), entry.settled_at, world.queue.released) == ({"b"}, None, [a_lease(1)])


def test_two_sinks_that_refuse_it_are_both_told() -> None:
    world = World(sinks=("a", "b"))
    refuse(world, "a", "b")
    take_in(world, a_delivery(session_id(1)))
    assert world.queue.buried[0][2] == "sink a: too large; sink b: too large"


def test_a_replay_hands_the_same_event_to_the_sink_that_lacks_it_alone() -> None:
    world = World(sinks=("a", "b"))
    world.calls.fail("a", TOO_LARGE)
    with running(world) as outbox:
        event = decided(world, world.watch(1))
        world.calls.wait_for("release")
        take_in(world, a_delivery(session_id(1)))
        assert (len(world.queue.buried), world.sinks["b"].events) == (1, [event])
        take_in(world, a_delivery(session_id(1), 2))  # replayed after the sink was mended
        outbox.drain()
    assert world.sinks["a"].events == world.sinks["b"].events == [event]
    assert (world.queue.acked, len(world.queue.buried)) == ([a_lease(2, "one-batch")], 1)
    assert world.ledger.entries[KEY].settled_at is not None


def test_a_message_that_was_not_given_back_for_it_is_served() -> None:
    world = World()
    refuse(world, "a")
    take_in(world, a_delivery(session_id(1)), a_delivery(session_id(1), 2))
    assert (len(world.queue.buried), len(world.in_flight)) == (1, 1)


def test_one_that_is_refused_keeps_no_other_from_its_ack() -> None:
    world = World()
    world.calls.fail("a", TOO_LARGE)
    with running(world) as outbox:
        decided(world, world.watch(1))
        world.calls.wait_for("release")
        decided(world, world.watch(2))
        outbox.drain()
    assert (world.queue.released, world.queue.acked) == ([a_lease(1)], [a_lease(2)])


def test_a_release_that_fails_is_tried_again() -> None:
    world = World()
    world.calls.fail("release", QueueError("down"), QueueError("down"))
    refuse(world, "a")
    assert world.queue.released == [a_lease(1)]
    assert world.readiness.problems() == {}


def test_a_refused_decision_whose_leases_are_lost_is_anothers_to_judge() -> None:
    world = World()
    watch = world.watch(1)
    world.calls.on("a", lambda: world.in_flight.lose(watch.leases[0]))
    world.calls.fail("a", TOO_LARGE)
    with running(world) as outbox:
        decided(world, watch)
        world.calls.wait_for("release")
        outbox.drain()
    assert world.queue.released == []
    assert world.outbox.refusals.take(KEY) == ""


def test_a_ledger_that_fails_at_the_acks_loses_no_refused_message() -> None:
    world = World()
    world.calls.fail("settle", LedgerError("locked"))
    refuse(world, "a")
    assert world.queue.released == [a_lease(1)]
