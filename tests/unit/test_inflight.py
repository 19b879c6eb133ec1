from threading import Barrier, Event, Thread

import pytest

from tests.support import ManualClock, session_id
from tests.unit.fakes import PATIENCE, a_lease, a_watch
from watcher.inflight import InFlight
from watcher.model import SessionKey


def test_the_books_hold_what_was_added_and_the_room_that_is_left() -> None:
    books = InFlight(2)
    assert books.wait_for_room(0) == 2
    books.add(a_watch(1), a_lease(1))
    assert len(books) == 1
    assert books.wait_for_room(0) == 1
    books.add(a_watch(2), a_lease(2))
    assert books.wait_for_room(0) == 0


def test_a_session_that_is_not_in_flight_is_not_joined() -> None:
    books = InFlight(2)
    books.add(a_watch(1), a_lease(1))
    assert not books.join(SessionKey(session_id(2), "default"), a_lease(2), 0.0)
    assert not books.join(SessionKey(session_id(1), "payout"), a_lease(2), 0.0)
    assert books.leases() == [a_lease(1)]


def test_a_second_delivery_joins_and_takes_no_room() -> None:
    books, watch = InFlight(1), a_watch(1)
    books.add(watch, a_lease(1))
    assert books.join(watch.key, a_lease(2), watch.created_at)
    assert len(books) == 1
    assert books.leases() == [a_lease(1), a_lease(2)]


@pytest.mark.parametrize(("later_by", "moved"), [(-30.0, 30.0), (0.0, 0.0), (30.0, 0.0)])
def test_the_earlier_creation_of_two_messages_counts(later_by: float, moved: float) -> None:
    books, watch = InFlight(1), a_watch(1)
    created_at, born, deadline = watch.created_at, watch.born, watch.deadline
    books.add(watch, a_lease(1))
    books.join(watch.key, a_lease(2), created_at + later_by)
    assert (watch.created_at, watch.born, watch.deadline) == (created_at - moved, born - moved, deadline - moved)


def test_a_lost_lease_of_two_keeps_the_watch() -> None:
    books, watch = InFlight(1), a_watch(1)
    books.add(watch, a_lease(1))
    books.join(watch.key, a_lease(2), watch.created_at)
    assert books.lose(a_lease(1)) is None
    assert not watch.abandoned
    assert books.leases() == [a_lease(2)]


def test_the_last_lost_lease_abandons_the_watch_and_makes_room() -> None:
    books, watch = InFlight(1), a_watch(1)
    books.add(watch, a_lease(1))
    assert books.lose(a_lease(1)) is watch
    assert watch.abandoned
    assert len(books) == 0
    assert not books.join(watch.key, a_lease(2), 0.0)


def test_messages_of_one_batch_are_told_apart_though_they_share_a_receipt() -> None:
    """The SQLite queue gives a batch one token: a receipt names a message only together with its id."""
    books = InFlight(3)
    watches = [a_watch(number) for number in (1, 2, 3)]
    leases = [a_lease(number, "one-token") for number in (1, 2, 3)]
    for watch, lease in zip(watches, leases, strict=True):
        books.add(watch, lease)
    assert books.lose(leases[0]) is watches[0]
    assert books.close(watches[1]) == [leases[1]]
    assert books.lose(leases[2]) is watches[2]
    assert [watch.abandoned for watch in watches] == [True, False, True]


def test_a_lease_that_is_not_on_the_books_is_lost_without_harm() -> None:
    books, watch = InFlight(1), a_watch(1)
    assert books.lose(a_lease(9)) is None
    books.add(watch, a_lease(1))
    books.lose(a_lease(1))
    assert books.lose(a_lease(1)) is None


def test_closing_gives_every_lease_back_and_takes_them_off_the_books() -> None:
    books, watch = InFlight(1), a_watch(1)
    books.add(watch, a_lease(1))
    books.join(watch.key, a_lease(2), watch.created_at)
    assert list(books.close(watch)) == [a_lease(1), a_lease(2)]
    assert books.leases() == []
    assert books.lose(a_lease(1)) is None
    assert not watch.abandoned


def test_closing_an_abandoned_watch_does_not_touch_its_successor() -> None:
    books, first, second = InFlight(2), a_watch(1), a_watch(1)
    books.add(first, a_lease(1))
    books.lose(a_lease(1))
    books.add(second, a_lease(2))
    assert list(books.close(first)) == []
    assert books.leases() == [a_lease(2)]
    assert books.join(second.key, a_lease(3), second.created_at)


def test_abandoning_all_is_in_the_order_of_the_deadlines() -> None:
    books, clock = InFlight(5), ManualClock()
    watches = [a_watch(number, clock) for number in range(4)]
    for number, watch in zip((3, 1, 0, 2), watches, strict=True):
        watch.deadline = clock.monotonic() + number
        books.add(watch, a_lease(number))
    assert [watch.leases[0] for watch in books.abandon_all()] == [a_lease(number) for number in range(4)]
    assert all(watch.abandoned for watch in watches)
    assert len(books) == 0
    assert books.leases() == []
    assert books.abandon_all() == []


def waiting_for_room(books: InFlight) -> tuple[Thread, list[int]]:
    """A thread in a full house, and what it is told; not before it waits."""
    rooms: list[int] = []
    is_waiting = Event()
    changed = books._changed
    wait = changed.wait

    def told(timeout: float | None = None) -> bool:
        is_waiting.set()
        return wait(timeout)

    changed.wait = told  # type: ignore[method-assign]
    thread = Thread(target=lambda: rooms.append(books.wait_for_room(PATIENCE)))
    thread.start()
    assert is_waiting.wait(PATIENCE)
    return thread, rooms


@pytest.mark.parametrize("how", ["close", "lose", "abandon"])
def test_room_is_told_as_soon_as_there_is_some(how: str) -> None:
    books, watch = InFlight(1), a_watch(1)
    books.add(watch, a_lease(1))
    thread, rooms = waiting_for_room(books)
    {
        "close": lambda: books.close(watch),
        "lose": lambda: books.lose(a_lease(1)),
        "abandon": books.abandon_all,
    }[how]()
    thread.join(PATIENCE / 2)
    assert rooms == [1]


def test_a_full_house_is_not_waited_for_once_it_is_shut() -> None:
    books = InFlight(1)
    books.add(a_watch(1), a_lease(1))
    thread, rooms = waiting_for_room(books)
    books.shut()
    thread.join(PATIENCE / 2)
    assert rooms == [0]
    assert books.wait_for_room(PATIENCE * 100) == 0


def test_a_lease_that_joins_while_its_watch_is_closed_is_acked_or_starts_anew_and_never_lost() -> None:
    for _ in range(200):
        books, watch = InFlight(5), a_watch(1)
        books.add(watch, a_lease(1))
        barrier = Barrier(2)
        joined: list[bool] = []

        def join(books: InFlight = books, barrier: Barrier = barrier, joined: list[bool] = joined) -> None:
            barrier.wait(PATIENCE)
            joined.append(books.join(SessionKey(session_id(1), "default"), a_lease(2), 0.0))

        thread = Thread(target=join)
        thread.start()
        barrier.wait(PATIENCE)
        closed = list(books.close(watch))
        thread.join(PATIENCE)
        assert closed == ([a_lease(1), a_lease(2)] if joined[0] else [a_lease(1)])
        assert books.leases() == []
