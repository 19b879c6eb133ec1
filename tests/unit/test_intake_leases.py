import json
from functools import partial
from threading import Event

import pytest
from structlog.testing import capture_logs

from tests.support import START, session_id
from tests.unit.builders import a_beat, a_delivery, a_lease, held, on_books
from tests.unit.world import World
from watcher.delivery.batch_processor import Patience
from watcher.errors import LedgerError, QueueError
from watcher.model import Delivery, Lease

pytestmark = pytest.mark.usefixtures("no_waiting")


def take_in(world: World, *deliveries: Delivery, stopped: bool = False) -> None:
    stop = Event()
    if stopped:
        stop.set()
    world.intake.take_in(deliveries, Patience(stop, a_beat(world.clock)))


def session(number: int, message: int | None = None, **members: object) -> Delivery:
    body = json.dumps({"sessionId": session_id(number), **members})
    return a_delivery(body, number if message is None else message, receipt=f"receipt-{message or number}")


class Seen:
    """What was on the books at a call of a fake."""

    def __init__(self, world: World, *names: str) -> None:
        self.leases: dict[str, list[Lease]] = {}
        self._books = world.in_flight
        for name in names:
            world.calls.on(name, partial(self._look, name))

    def _look(self, name: str) -> None:
        self.leases[name] = held(self._books)


def test_a_message_is_on_the_books_while_the_ledger_is_asked_and_off_them_before_it_is_buried() -> None:
    world = World()
    seen = Seen(world, "bury", "find")
    take_in(world, session(1), a_delivery("nonsense", 2, receipt="receipt-2"))
    world.bury()
    assert seen.leases == {"bury": [a_lease(1)], "find": [a_lease(1)]}


def test_what_is_given_back_is_off_the_books_first() -> None:
    world = World()
    seen = Seen(world, "find", "release")
    world.calls.break_down("find", LedgerError("locked"))
    take_in(world, session(1), session(2), stopped=True)
    assert seen.leases == {"find": [a_lease(1), a_lease(2)], "release": []}
    assert world.queue.released == [a_lease(1), a_lease(2)]


def test_a_lease_counts_from_its_receipt_however_long_the_ledger_takes() -> None:
    world = World()
    received_at = world.clock.monotonic()
    world.calls.on("find", lambda: world.clock.advance(30.0))
    take_in(world, session(1))
    assert world.in_flight.to_renew(received_at) == [a_lease(1)]


def test_a_receive_that_outlasts_the_drain_is_given_back_at_once() -> None:
    world = World()
    world.in_flight.abandon_all()
    take_in(world, session(1), a_delivery("nonsense", 2, receipt="receipt-2"))
    assert world.queue.released == [a_lease(1), a_lease(2)]
    assert world.calls.names == ["release"]
    assert len(world.in_flight) == len(world.scheduler) == 0


def test_a_receive_that_outlasts_the_drain_and_cannot_be_given_back_is_told() -> None:
    world = World()
    world.in_flight.abandon_all()
    world.calls.fail("release", QueueError("closed"))
    with capture_logs() as logs:
        take_in(world, session(1))
    [entry] = logs
    assert (entry["event"], entry["messages"], entry["error"]) == ("not_released", 1, "closed")


def test_a_message_that_is_lost_while_the_ledger_is_asked_is_not_watched() -> None:
    world = World()
    world.calls.on("find", lambda: world.in_flight.lose(on_books(world.in_flight, a_lease(1))))
    take_in(world, session(1), session(2))
    assert held(world.in_flight) == [a_lease(2)]
    assert len(world.in_flight) == len(world.scheduler) == 1


def test_a_drain_that_ends_while_the_ledger_is_asked_leaves_nothing_to_watch() -> None:
    world = World()
    given_back: list[Lease] = []
    world.calls.on("find", lambda: given_back.extend(world.in_flight.abandon_all()))
    take_in(world, session(1))
    assert given_back == [a_lease(1)]
    assert len(world.in_flight) == len(world.scheduler) == 0


def test_a_message_of_an_earlier_creation_brings_the_last_poll_forward() -> None:
    world = World()
    take_in(world, session(1))
    due = world.scheduler.take()
    assert due is not None
    now = world.clock.monotonic()
    world.scheduler.add(due.watch, now + 10.0)
    take_in(world, session(1, 2, createdAt="2025-06-15T15:03:44Z"))
    assert due.watch.created_at == START - 176.0
    assert due.watch.deadline == now + 4.0
    assert world.scheduler.next(now) == pytest.approx(3.0)


def test_a_message_of_a_later_creation_changes_nothing_of_the_schedule() -> None:
    world = World()
    take_in(world, session(1))
    due = world.scheduler.take()
    assert due is not None
    now = world.clock.monotonic()
    world.scheduler.add(due.watch, now + 10.0)
    take_in(world, session(1, 2))
    assert world.scheduler.next(now) == 10.0


def test_a_creation_time_that_cannot_be_read_is_told_and_the_sent_time_counts() -> None:
    world = World()
    with capture_logs() as logs:
        take_in(world, session(1, createdAt="yesterday"), session(2, createdAt="2025-06-15T15:06:30Z"), session(3))
    [entry] = [entry for entry in logs if entry["log_level"] == "warning"]
    assert (entry["event"], entry["session_id"]) == ("sent_time_counts", session_id(1))
    assert len(world.in_flight) == 3
    due = world.scheduler.take()
    assert due is not None
    assert due.watch.created_at == START
