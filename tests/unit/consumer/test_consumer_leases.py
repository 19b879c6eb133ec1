import json
from dataclasses import replace
from functools import partial
from threading import Event

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.support import START, decision, session_id
from tests.unit.support.builders import a_beat, a_lease, a_received_message, an_answer, held, on_books
from tests.unit.support.world import World
from watcher.domain.errors import LedgerError, QueueError
from watcher.domain.model import Lease, ReceivedMessage, SessionStatus
from watcher.polling.scheduler import Due
from watcher.util.retry import RetryUntilStopped

pytestmark = pytest.mark.usefixtures("no_waiting")


def take_in(world: World, *deliveries: ReceivedMessage, stopped: bool = False) -> None:
    stop = Event()
    if stopped:
        stop.set()
    world.consumer.process(deliveries, RetryUntilStopped(stop, a_beat(world.clock)))


def a_message(number: int, message: int | None = None, **members: object) -> ReceivedMessage:
    body = json.dumps({"sessionId": session_id(number), **members})
    return a_received_message(body, number if message is None else message, receipt=f"receipt-{message or number}")


class Seen:
    """What was on the books at a call of a fake."""

    def __init__(self, world: World, *names: str) -> None:
        self.leases: dict[str, list[Lease]] = {}
        self._books = world.in_flight
        for name in names:
            world.calls.on(name, partial(self._look, name))

    def _look(self, name: str) -> None:
        self.leases[name] = held(self._books)


def test_a_message_is_in_the_table_while_the_ledger_is_asked_and_out_of_it_before_it_is_dead_lettered() -> None:
    world = World()
    seen = Seen(world, "dead_letter", "find")
    take_in(world, a_message(1), a_received_message("nonsense", 2, receipt="receipt-2"))
    world.dead_letter()
    assert seen.leases == {"dead_letter": [a_lease(1)], "find": [a_lease(1)]}


def test_what_is_given_back_is_off_the_books_first() -> None:
    world = World()
    seen = Seen(world, "find", "release")
    world.calls.break_down("find", LedgerError("locked"))
    take_in(world, a_message(1), a_message(2), stopped=True)
    assert seen.leases == {"find": [a_lease(1), a_lease(2)], "release": []}
    assert world.queue.released == [a_lease(1), a_lease(2)]


def test_a_lease_counts_from_its_receipt_however_long_the_ledger_takes() -> None:
    world = World()
    received_at = world.clock.monotonic()
    world.calls.on("find", lambda: world.clock.advance(30.0))
    take_in(world, a_message(1))
    assert world.in_flight.due_for_extension(received_at) == [a_lease(1)]


def test_a_receive_that_outlasts_the_drain_is_given_back_at_once() -> None:
    world = World()
    world.in_flight.release_all()
    take_in(world, a_message(1), a_received_message("nonsense", 2, receipt="receipt-2"))
    assert world.queue.released == [a_lease(1), a_lease(2)]
    assert world.calls.names == ["release"]
    assert len(world.in_flight) == len(world.scheduler) == 0


def test_a_receive_that_outlasts_the_drain_and_cannot_be_given_back_is_told() -> None:
    world = World()
    world.in_flight.release_all()
    world.calls.fail("release", QueueError("closed"))
    with capture_logs() as logs:
        take_in(world, a_message(1))
    [entry] = logs
    assert (entry["event"], entry["messages"], entry["error"]) == ("release_failed", 1, "closed")


def test_a_message_that_is_lost_while_the_ledger_is_asked_is_not_watched() -> None:
    world = World()
    world.calls.on("find", lambda: world.in_flight.mark_lost(on_books(world.in_flight, a_lease(1))))
    take_in(world, a_message(1), a_message(2))
    assert held(world.in_flight) == [a_lease(2)]
    assert len(world.in_flight) == len(world.scheduler) == 1


def test_a_drain_that_ends_while_the_ledger_is_asked_leaves_nothing_to_watch() -> None:
    world = World()
    given_back: list[Lease] = []
    world.calls.on("find", lambda: given_back.extend(world.in_flight.release_all()))
    take_in(world, a_message(1))
    assert given_back == [a_lease(1)]
    assert len(world.in_flight) == len(world.scheduler) == 0


def test_a_message_of_an_earlier_creation_brings_a_poll_forward_and_no_deadline() -> None:
    world = World()
    take_in(world, a_message(1))
    due = world.scheduler.take()
    assert due is not None
    now = world.clock.monotonic()
    world.scheduler.add(due.session, now + 10.0)
    take_in(world, a_message(1, 2, createdAt="2025-06-15T15:03:44Z"))
    assert due.session.created_at == START
    assert due.session.deadline == now + 180.0
    assert world.scheduler.poll_next(now) == pytest.approx(3.0)


@pytest.mark.parametrize("claim", ["2025-06-15T15:03:41Z", "2025-06-15T15:03:44Z"])
def test_messages_of_an_earlier_creation_bring_a_poll_forward_once(claim: str) -> None:
    world = World(an_answer(SessionStatus.IN_PROGRESS))
    take_in(world, a_message(1))
    polled = []
    for number in range(40):
        due = next_due(world)
        polled.append(world.clock.time() - START)
        world.poller.poll_once(due)
        take_in(world, a_message(1, 2 + number, createdAt=claim))
        if polled[-1] > 100.0:
            break
    alone = World(an_answer(SessionStatus.IN_PROGRESS))
    take_in(alone, a_message(1))
    while alone.clock.time() - START <= 100.0:
        alone.poller.poll_once(next_due(alone))
    assert len(polled) <= len(alone.results.asked) + 1


def test_a_message_of_a_later_creation_changes_nothing_of_the_schedule() -> None:
    world = World()
    take_in(world, a_message(1))
    due = world.scheduler.take()
    assert due is not None
    now = world.clock.monotonic()
    world.scheduler.add(due.session, now + 10.0)
    take_in(world, a_message(1, 2))
    assert world.scheduler.poll_next(now) == 10.0


def test_a_creation_time_that_cannot_be_read_is_told_and_the_sent_time_counts() -> None:
    world = World()
    with capture_logs() as logs:
        take_in(
            world, a_message(1, createdAt="yesterday"), a_message(2, createdAt="2025-06-15T15:06:30Z"), a_message(3)
        )
    [entry] = [entry for entry in logs if entry["log_level"] == "warning"]
    assert (entry["event"], entry["session_id"]) == ("created_at_ignored", session_id(1))
    assert len(world.in_flight) == 3
    due = world.scheduler.take()
    assert due is not None
    assert due.session.created_at == START


LONG_AGO = "2025-06-15T14:06:40Z"
"""An hour before the worlds of these tests begin."""


def next_due(world: World) -> Due:
    """The next poll, once its time has come."""
    while not isinstance(found := world.scheduler.poll_next(world.clock.monotonic()), Due):
        world.clock.advance(found)
    return found


def corrections(logs: list[EventDict]) -> list[EventDict]:
    return [entry for entry in logs if entry["event"] == "creation_time_corrected"]


@pytest.mark.parametrize("how", ["createdAt", "first sent"])
def test_a_message_that_makes_its_session_older_than_it_can_be_ends_nothing_and_is_told(how: str) -> None:
    world = World()
    message = a_message(1, createdAt=LONG_AGO) if how == "createdAt" else a_message(1)
    claim = START - 3600.0 if how == "first sent" else None
    with capture_logs() as logs:
        take_in(world, replace(message, first_sent_at=claim))
    [told] = corrections(logs)
    assert (told["session_id"], told["log_level"]) == (session_id(1), "warning")
    assert (told["claimed"], told["sent_at"]) == ("2025-06-15T14:06:40.000Z", "2025-06-15T15:06:40.000Z")
    due = world.scheduler.take()
    assert due is not None
    assert (due.session.created_at, due.session.deadline) == (START, world.clock.monotonic() + 180.0)
    [note] = [note for note in json.loads(due.session.history) if note["event"] == "corrected"]
    assert (note["claimed"], note["sentAt"]) == (START - 3600.0, START)


def test_of_a_session_that_is_decided_nothing_is_corrected() -> None:
    world = World()
    world.ledger.record([(decision(1), "[]")])
    with capture_logs() as logs:
        take_in(world, a_message(1, createdAt=LONG_AGO))
    assert corrections(logs) == []


@pytest.mark.parametrize("claim", [LONG_AGO, "0001-01-01T00:00:00Z", "2025-06-15T15:03:41Z"])
def test_no_message_that_joins_ends_a_running_session(claim: str) -> None:
    world = World(an_answer(SessionStatus.IN_PROGRESS))
    deadline = world.clock.monotonic() + 180.0
    take_in(world, a_message(1))
    for message in range(2, 12):
        due = next_due(world)
        world.poller.poll_once(due)
        take_in(world, a_message(1, message, createdAt=claim))
        assert (due.session.deadline, due.session.is_scheduled) == (deadline, True)
    assert world.clock.monotonic() < deadline - 1.0


def test_a_true_creation_that_comes_second_gives_the_session_its_time_back() -> None:
    world = World(an_answer(SessionStatus.IN_PROGRESS))
    take_in(world, a_message(1, createdAt="2025-06-15T15:03:45Z"))  # five seconds of it are left
    due = world.scheduler.take()
    assert due is not None
    session, now = due.session, world.clock.monotonic()
    world.poller.poll_once(due)
    take_in(world, a_message(1, 2, createdAt="2025-06-15T15:06:38Z"))
    assert session.created_at == START - 2.0
    assert session.deadline == pytest.approx(now + 178.0)
    world.clock.advance(6.0)
    due = world.scheduler.take()
    assert due is not None
    assert not due.is_over
    world.poller.poll_once(due)
    assert world.scheduler.poll_next(world.clock.monotonic()) == pytest.approx(1.6)
