from threading import Barrier, Thread

import pytest

from tests.support import ManualClock, session_id
from tests.unit.support.builders import a_lease, a_watch, held, on_books, put_in, when_waited_on
from tests.unit.support.fakes import PATIENCE
from watcher.domain.model import SessionKey
from watcher.sessions.in_flight import HEAVIEST, MOST_WEIGHT, InFlight
from watcher.sessions.session import Watch


def test_the_books_hold_what_was_added_and_the_room_that_is_left() -> None:
    books = InFlight(2)
    assert books.wait_for_room(0) == 2
    put_in(books, a_watch(1), a_lease(1))
    assert len(books) == 1
    assert books.wait_for_room(0) == 1
    put_in(books, a_watch(2), a_lease(2))
    assert books.wait_for_room(0) == 0


@pytest.mark.parametrize("end", ["close", "lose", "abandon_all"])
def test_heavy_contexts_take_the_room_of_many_sessions_until_they_end(end: str) -> None:
    books, watch = InFlight(100), a_watch(1, weight=MOST_WEIGHT)
    put_in(books, watch, a_lease(1))
    assert books.wait_for_room(0) == 0
    {
        "close": lambda: books.close(watch),
        "lose": lambda: books.lose(on_books(books, a_lease(1))),
        "abandon_all": books.abandon_all,
    }[end]()
    assert books.wait_for_room(0) == MOST_WEIGHT // HEAVIEST


def test_a_lease_is_kept_alive_from_its_receipt_and_takes_no_room_before_its_watch() -> None:
    books = InFlight(1)
    assert books.hold([a_lease(1), a_lease(2)], 0.0)
    assert held(books) == [a_lease(1), a_lease(2)]
    assert (len(books), books.wait_for_room(0)) == (0, 1)


def test_what_is_dropped_is_off_the_books_and_the_rest_stays() -> None:
    books = InFlight(1)
    books.hold([a_lease(1), a_lease(2)], 0.0)
    books.drop([a_lease(1), a_lease(9)])
    assert held(books) == [a_lease(2)]
    assert not books.add(a_watch(1), a_lease(1))


def test_a_watch_is_not_added_under_a_lease_that_was_lost_meanwhile() -> None:
    books, watch = InFlight(1), a_watch(1)
    books.hold([a_lease(1)], 0.0)
    assert books.lose(on_books(books, a_lease(1)))
    assert not books.add(watch, a_lease(1))
    assert len(books) == 0
    assert watch.leases == []
    assert books.join(watch.key, a_lease(2), 0.0, 0.0) is None


def test_a_lease_that_was_lost_meanwhile_joins_without_being_held() -> None:
    books = InFlight(1)
    watch = put_in(books, a_watch(1), a_lease(1))
    books.hold([a_lease(2)], 0.0)
    books.lose(on_books(books, a_lease(2)))
    assert books.join(watch.key, a_lease(2), watch.created_at, watch.born) is watch
    assert list(books.close(watch)) == [a_lease(1)]


def test_a_session_that_is_not_in_flight_is_not_joined() -> None:
    books = InFlight(2)
    put_in(books, a_watch(1), a_lease(1))
    assert books.join(SessionKey(session_id(2), "default"), a_lease(2), 0.0, 0.0) is None
    assert books.join(SessionKey(session_id(1), "payout"), a_lease(2), 0.0, 0.0) is None
    assert held(books) == [a_lease(1)]


def test_a_second_delivery_joins_and_takes_room_as_a_session_does() -> None:
    books = InFlight(3)
    watch = put_in(books, a_watch(1), a_lease(1), a_lease(2))
    assert (len(books), books.wait_for_room(0)) == (1, 1)
    assert watch.leases == held(books) == [a_lease(1), a_lease(2)]


@pytest.mark.parametrize("end", ["close", "lose", "abandon_all"])
def test_messages_for_one_session_fill_the_room_and_give_it_back(end: str) -> None:
    books = InFlight(50)
    watch = put_in(books, a_watch(1), *(a_lease(number) for number in range(50)))
    assert (len(books), books.wait_for_room(0)) == (1, 0)
    if end == "lose":
        for number in range(50):
            assert books.wait_for_room(0) == number
            assert books.lose(on_books(books, a_lease(number)))
    else:
        assert len(books.close(watch) if end == "close" else books.abandon_all()) == 50
    assert (len(books), books.wait_for_room(0)) == (0, 50)


@pytest.mark.parametrize(
    ("later_by", "moved"), [(-3600.0, 0.0), (-30.0, 0.0), (0.0, 0.0), (30.0, 30.0), (50.0, 50.0), (3600.0, 50.0)]
)
def test_the_later_creation_of_two_counts_up_to_when_the_first_message_was_sent(
    later_by: float, moved: float
) -> None:
    books, watch = InFlight(1), a_watch(1, sent_after=50.0)
    created_at, born, deadline = watch.created_at, watch.born, watch.deadline
    put_in(books, watch, a_lease(1))
    books.join(watch.key, a_lease(2), created_at + later_by, watch.born + later_by)
    assert (watch.created_at, watch.born, watch.deadline) == (created_at + moved, born + moved, deadline + moved)


def test_a_message_that_gives_no_creation_has_no_say_in_it() -> None:
    books, watch = InFlight(1), a_watch(1, sent_after=50.0)
    born = watch.born
    put_in(books, watch, a_lease(1))
    assert books.join(watch.key, a_lease(2), None, born + 30.0) is watch
    assert watch.born == born


def test_only_what_was_last_extended_long_enough_ago_is_to_be_renewed() -> None:
    books = InFlight(5)
    books.hold([a_lease(1)], 10.0)
    books.hold([a_lease(2)], 20.0)
    put_in(books, a_watch(3), a_lease(3), now=15.0)
    assert books.to_renew(9.9) == []
    assert books.to_renew(15.0) == [a_lease(1), a_lease(3)]
    books.renewed([on_books(books, a_lease(1)), a_lease(9)], 30.0)
    assert books.to_renew(29.9) == [a_lease(3), a_lease(2)]
    assert books.to_renew(30.0) == [a_lease(3), a_lease(2), a_lease(1)]


def test_a_lost_lease_of_two_keeps_the_watch() -> None:
    books = InFlight(1)
    watch = put_in(books, a_watch(1), a_lease(1), a_lease(2))
    assert books.lose(on_books(books, a_lease(1)))
    assert not watch.abandoned
    assert watch.leases == held(books) == [a_lease(2)]


def test_the_last_lost_lease_abandons_the_watch_and_makes_room() -> None:
    books = InFlight(1)
    watch = put_in(books, a_watch(1), a_lease(1))
    assert books.lose(on_books(books, a_lease(1)))
    assert watch.abandoned
    assert len(books) == 0
    assert books.join(watch.key, a_lease(2), 0.0, 0.0) is None


def test_messages_of_one_batch_are_told_apart_though_they_share_a_receipt() -> None:
    """The SQLite queue gives a batch one token: a receipt names a message only together with its id."""
    books = InFlight(3)
    leases = [a_lease(number, "one-token") for number in (1, 2, 3)]
    watches = [put_in(books, a_watch(number), lease) for number, lease in enumerate(leases)]
    books.lose(leases[0])
    assert books.close(watches[1]) == [leases[1]]
    books.lose(leases[2])
    assert [watch.abandoned for watch in watches] == [True, False, True]


def test_a_lease_that_is_not_on_the_books_is_not_lost() -> None:
    books = InFlight(1)
    assert not books.lose(on_books(books, a_lease(9)))
    watch = put_in(books, a_watch(1), a_lease(1), a_lease(2))
    assert books.lose(on_books(books, a_lease(1)))
    assert not books.lose(on_books(books, a_lease(1)))
    assert not watch.abandoned


def test_closing_gives_every_lease_back_and_takes_them_off_the_books() -> None:
    books = InFlight(1)
    watch = put_in(books, a_watch(1), a_lease(1), a_lease(2))
    assert list(books.close(watch)) == [a_lease(1), a_lease(2)]
    assert held(books) == []
    assert not books.lose(on_books(books, a_lease(1)))
    assert not watch.abandoned


def test_closing_an_abandoned_watch_does_not_touch_its_successor() -> None:
    books = InFlight(2)
    first = put_in(books, a_watch(1), a_lease(1))
    books.lose(on_books(books, a_lease(1)))
    second = put_in(books, a_watch(1), a_lease(2))
    assert list(books.close(first)) == []
    assert held(books) == [a_lease(2)]
    assert books.join(second.key, a_lease(3), second.created_at, second.born) is second


def test_abandoning_all_gives_the_leases_back_nearest_deadline_first() -> None:
    books, clock = InFlight(5), ManualClock()
    watches: list[Watch] = []
    for seconds in (3, 1, 0, 2):
        watch = a_watch(seconds, clock, lifetime=float(seconds))
        watches.append(put_in(books, watch, a_lease(seconds)))
    assert books.abandon_all() == [a_lease(number) for number in range(4)]
    assert all(watch.abandoned for watch in watches)
    assert len(books) == 0
    assert held(books) == []
    assert books.abandon_all() == []


def test_a_lease_that_has_no_watch_yet_is_given_back_too() -> None:
    books = InFlight(5)
    put_in(books, a_watch(1), a_lease(1), a_lease(2))
    books.hold([a_lease(3)], 0.0)
    assert books.abandon_all() == [a_lease(3), a_lease(1), a_lease(2)]


def test_once_all_was_abandoned_nothing_is_held_nor_added() -> None:
    books = InFlight(5)
    books.hold([a_lease(1)], 0.0)
    books.abandon_all()
    assert not books.add(a_watch(1), a_lease(1))
    assert not books.hold([a_lease(2)], 0.0)
    assert held(books) == []
    assert len(books) == 0


def waiting_for_room(books: InFlight) -> tuple[Thread, list[int]]:
    """A thread in a full house, and what it is told; not before it waits."""
    rooms: list[int] = []
    is_waiting = when_waited_on(books._changed)
    thread = Thread(target=lambda: rooms.append(books.wait_for_room(PATIENCE)))
    thread.start()
    assert is_waiting.wait(PATIENCE)
    return thread, rooms


@pytest.mark.parametrize("how", ["close", "lose", "abandon"])
def test_room_is_told_as_soon_as_there_is_some(how: str) -> None:
    books = InFlight(1)
    watch = put_in(books, a_watch(1), a_lease(1))
    thread, rooms = waiting_for_room(books)
    {
        "close": lambda: books.close(watch),
        "lose": lambda: books.lose(on_books(books, a_lease(1))),
        "abandon": books.abandon_all,
    }[how]()
    thread.join(PATIENCE / 2)
    assert rooms == [1]


def test_a_full_house_is_not_waited_for_once_it_is_shut() -> None:
    books = InFlight(1)
    put_in(books, a_watch(1), a_lease(1))
    thread, rooms = waiting_for_room(books)
    books.shut()
    thread.join(PATIENCE / 2)
    assert rooms == [0]
    assert books.wait_for_room(PATIENCE * 100) == 0


def test_a_lease_that_joins_while_its_watch_is_closed_is_acked_or_starts_anew_and_never_lost() -> None:
    for _ in range(200):
        books = InFlight(5)
        watch = put_in(books, a_watch(1), a_lease(1))
        books.hold([a_lease(2)], 0.0)
        barrier = Barrier(2)
        joined: list[Watch | None] = []

        def join(books: InFlight = books, barrier: Barrier = barrier, joined: list[Watch | None] = joined) -> None:
            barrier.wait(PATIENCE)
            joined.append(books.join(SessionKey(session_id(1), "default"), a_lease(2), 0.0, 0.0))

        thread = Thread(target=join)
        thread.start()
        barrier.wait(PATIENCE)
        closed = list(books.close(watch))
        thread.join(PATIENCE)
        assert closed == ([a_lease(1), a_lease(2)] if joined[0] else [a_lease(1)])
        assert held(books) == ([] if joined[0] else [a_lease(2)])


def test_a_lease_held_while_all_is_abandoned_is_given_back_or_refused_and_never_forgotten() -> None:
    for _ in range(200):
        books, barrier, refused = InFlight(5), Barrier(2), list[bool]()

        def hold(books: InFlight = books, barrier: Barrier = barrier, refused: list[bool] = refused) -> None:
            barrier.wait(PATIENCE)
            refused.append(not books.hold([a_lease(1)], 0.0))

        thread = Thread(target=hold)
        thread.start()
        barrier.wait(PATIENCE)
        given_back = books.abandon_all()
        thread.join(PATIENCE)
        assert given_back == ([] if refused[0] else [a_lease(1)])
        assert held(books) == []
