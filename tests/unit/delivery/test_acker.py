import pytest

from tests.unit.delivery.outboxes import decided, event_of, running
from tests.unit.support.builders import a_lease, held, on_books
from tests.unit.support.fakes import PATIENCE
from tests.unit.support.world import World
from watcher.domain.errors import LedgerError, QueueError
from watcher.domain.model import LedgerEntry

pytestmark = pytest.mark.usefixtures("no_waiting")


def test_an_abandoned_session_is_not_recorded() -> None:
    world = World()
    session = world.session(1)
    world.in_flight.mark_lost(on_books(world.in_flight, a_lease(1)))
    with running(world) as outbox:
        decided(world, session)
        outbox.drain()
    assert world.ledger.entries == {}
    assert world.sinks["a"].events == []
    assert world.queue.acked == []


def test_a_lease_that_is_lost_while_its_decision_goes_out_is_neither_acked_nor_marked_so() -> None:
    world = World()
    session = world.session(1)
    world.sinks["a"].gate.clear()
    with running(world) as outbox:
        decided(world, session)
        assert world.sinks["a"].entered.wait(PATIENCE)
        world.in_flight.mark_lost(on_books(world.in_flight, a_lease(1)))
        world.sinks["a"].gate.set()
        outbox.drain()
    assert world.queue.acked == []
    assert world.ledger.entries[session.key].acked_at is None


def test_a_lease_that_is_lost_at_the_ack_costs_no_other_message_its_ack() -> None:
    """Its own message comes back to somebody, and the same event goes out again: better twice than never."""
    world = World()
    session, other = world.session(1), world.session(2)
    world.queue.lost = {a_lease(1)}
    with running(world) as outbox:
        decided(world, session)
        decided(world, other)
        outbox.drain()
    assert world.queue.acked == [a_lease(2)]
    assert world.ledger.entries[session.key].acked_at is not None
    assert world.ledger.entries[other.key].acked_at is not None
    assert len(world.in_flight) == 0


def test_the_leases_are_kept_alive_while_the_ledger_is_waited_for() -> None:
    world = World()
    on_the_books: list[int] = []
    world.calls.fail("mark_acked", LedgerError("locked"), LedgerError("locked"))
    world.calls.on("mark_acked", lambda: on_the_books.append(len(held(world.in_flight))))
    with running(world) as outbox:
        decided(world, world.session(1))
        outbox.drain()
    assert on_the_books == [1, 1, 1]
    assert world.queue.acked == [a_lease(1)]


def test_what_could_not_be_acked_by_the_end_of_the_drain_is_still_there_to_be_given_back() -> None:
    world = World()
    world.calls.break_down("mark_acked", LedgerError("locked"))
    with running(world) as outbox:
        decided(world, world.session(1))
        world.calls.wait_for("mark_acked")
        outbox.drain(0.0)
    assert world.queue.acked == []
    assert world.in_flight.release_all() == [a_lease(1)]


def test_a_message_that_joins_before_the_ack_is_acked_with_the_others() -> None:
    world = World()
    session = world.session(1)
    world.in_flight.track([a_lease(2)], world.clock.monotonic())
    world.calls.on(
        "mark_acked",
        lambda: world.in_flight.merge(session.key, a_lease(2), session.created_at, session.created_monotonic),
    )
    with running(world) as outbox:
        decided(world, session)
        outbox.drain()
    assert world.queue.acked == [a_lease(1), a_lease(2)]
    assert held(world.in_flight) == []


def test_after_a_crash_between_mark_and_ack_the_event_goes_out_again() -> None:
    world = World()
    session = world.session(1)
    world.calls.break_down("ack", QueueError("down"))
    with running(world) as outbox:
        event = decided(world, session)
        world.calls.wait_for("ack")
        outbox.drain(0.0)
    after = World()
    after.ledger.entries = world.ledger.entries
    with running(after) as outbox:
        after.outbox.resume(after.session(1), after.ledger.entries[session.key])
        after.calls.wait_for("ack")
        outbox.drain()
    assert after.sinks["a"].events == [event]
    assert after.queue.acked == [a_lease(1)]


def test_a_session_and_its_successor_are_acked_each_with_its_own_leases() -> None:
    world = World()
    first = world.session(1)
    world.in_flight.mark_lost(on_books(world.in_flight, a_lease(1)))
    second = world.session(1, a_lease(2))
    entry = LedgerEntry(event_of(world, second), 0.5, delivered={"a": 1.0})
    world.ledger.entries[second.key] = entry
    for session in (second, first):
        world.outbox.resume(session, entry)
    with running(world) as outbox:
        outbox.drain()
    assert world.queue.acked == [a_lease(2)]


def test_the_leases_are_off_the_books_before_they_are_acked() -> None:
    world = World()
    on_the_books: list[int] = []
    world.calls.on("ack", lambda: on_the_books.append(len(held(world.in_flight))))
    with running(world) as outbox:
        decided(world, world.session(1))
        outbox.drain()
    assert on_the_books == [0]


def test_every_lease_of_a_session_is_acked() -> None:
    world = World()
    with running(world) as outbox:
        decided(world, world.session(1, a_lease(1), a_lease(2)))
        outbox.drain()
    assert world.queue.acked == [a_lease(1), a_lease(2)]
