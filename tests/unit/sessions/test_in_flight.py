from threading import Barrier, Condition, Thread

import pytest

from tests.support import ManualClock, session_id
from tests.unit.support.builders import a_lease, a_session, held, on_books, put_in, when_waited_on
from tests.unit.support.fakes import PATIENCE
from watcher.domain.model import Lease, SessionKey
from watcher.sessions.in_flight import MAX_IN_FLIGHT_BYTES, MAX_SESSION_BYTES, InFlight
from watcher.sessions.session import Session


def test_the_books_hold_what_was_added_and_the_room_that_is_left() -> None:
    table = InFlight(2)
    assert table.wait_for_room(0) == 2
    put_in(table, a_session(1), a_lease(1))
    assert len(table) == 1
    assert table.wait_for_room(0) == 1
    put_in(table, a_session(2), a_lease(2))
    assert table.wait_for_room(0) == 0


@pytest.mark.parametrize("end", ["finish", "mark_lost", "release_all"])
def test_heavy_contexts_take_the_room_of_many_sessions_until_they_end(end: str) -> None:
    table, session = InFlight(100), a_session(1, context_bytes=MAX_IN_FLIGHT_BYTES)
    put_in(table, session, a_lease(1))
    assert table.wait_for_room(0) == 0
    {
        "finish": lambda: table.finish(session),
        "mark_lost": lambda: table.mark_lost(on_books(table, a_lease(1))),
        "release_all": table.release_all,
    }[end]()
    assert table.wait_for_room(0) == MAX_IN_FLIGHT_BYTES // MAX_SESSION_BYTES


def test_a_lease_is_kept_alive_from_its_receipt_and_takes_no_room_before_its_session() -> None:
    table = InFlight(1)
    assert table.track([a_lease(1), a_lease(2)], 0.0)
    assert held(table) == [a_lease(1), a_lease(2)]
    assert (len(table), table.wait_for_room(0)) == (0, 1)


def test_what_is_dropped_is_off_the_books_and_the_rest_stays() -> None:
    table = InFlight(1)
    table.track([a_lease(1), a_lease(2)], 0.0)
    table.untrack([a_lease(1), a_lease(9)])
    assert held(table) == [a_lease(2)]
    assert not table.add(a_session(1), a_lease(1))


def test_a_session_is_not_added_under_a_lease_that_was_lost_meanwhile() -> None:
    table, session = InFlight(1), a_session(1)
    table.track([a_lease(1)], 0.0)
    assert table.mark_lost(on_books(table, a_lease(1)))
    assert not table.add(session, a_lease(1))
    assert len(table) == 0
    assert session.leases == []
    assert table.merge(session.key, a_lease(2), 0.0, 0.0) is None


def test_a_lease_that_was_lost_meanwhile_joins_without_being_held() -> None:
    table = InFlight(1)
    session = put_in(table, a_session(1), a_lease(1))
    table.track([a_lease(2)], 0.0)
    table.mark_lost(on_books(table, a_lease(2)))
    assert table.merge(session.key, a_lease(2), session.created_at, session.created_monotonic) is session
    assert list(table.finish(session)) == [a_lease(1)]


def test_a_session_that_is_not_in_flight_is_not_joined() -> None:
    table = InFlight(2)
    put_in(table, a_session(1), a_lease(1))
    assert table.merge(SessionKey(session_id(2), "default"), a_lease(2), 0.0, 0.0) is None
    assert table.merge(SessionKey(session_id(1), "payout"), a_lease(2), 0.0, 0.0) is None
    assert held(table) == [a_lease(1)]


def test_a_second_delivery_joins_and_takes_room_as_a_session_does() -> None:
    table = InFlight(3)
    session = put_in(table, a_session(1), a_lease(1), a_lease(2))
    assert (len(table), table.wait_for_room(0)) == (1, 1)
    assert session.leases == held(table) == [a_lease(1), a_lease(2)]


@pytest.mark.parametrize("end", ["finish", "mark_lost", "release_all"])
def test_messages_for_one_session_take_room_and_give_it_back(end: str) -> None:
    count = InFlight.LEASES_HELD
    table = InFlight(50)
    session = put_in(table, a_session(1), *(a_lease(number) for number in range(count)))
    assert (len(table), table.wait_for_room(0)) == (1, 50 - count)
    if end == "mark_lost":
        for number in range(count):
            assert table.wait_for_room(0) == 50 - count + number
            assert table.mark_lost(on_books(table, a_lease(number)))
    else:
        assert len(table.finish(session) if end == "finish" else table.release_all()) == count
    assert (len(table), table.wait_for_room(0)) == (0, 50)


def test_however_many_messages_come_for_a_session_it_holds_a_few() -> None:
    table = InFlight(50)
    leases = [a_lease(number) for number in range(45)]
    session = put_in(table, a_session(1), *leases)
    assert session.leases == leases[: InFlight.LEASES_HELD]
    assert table.take_fresh(leases) == leases[InFlight.LEASES_HELD :]
    assert table.take_fresh(leases) == []
    assert held(table) == session.leases


def test_a_message_that_is_held_and_received_again_is_not_spare() -> None:
    """Acked, it would be gone, and with it perhaps the session's only message."""
    table = InFlight(50)
    leases = [a_lease(number) for number in range(InFlight.LEASES_HELD)]
    session = put_in(table, a_session(1), *leases)
    again = Lease("another receipt", leases[0].message_id)
    table.track([again], 0.0)
    assert table.merge(session.key, again, None, 0.0) is session
    assert table.take_fresh([again]) == []
    assert session.leases == [*leases, again]


@pytest.mark.parametrize(
    ("later_by", "moved"), [(-3600.0, 0.0), (-30.0, 0.0), (0.0, 0.0), (30.0, 30.0), (50.0, 50.0), (3600.0, 50.0)]
)
def test_the_later_creation_of_two_counts_up_to_when_the_first_message_was_sent(
    later_by: float, moved: float
) -> None:
    table, session = InFlight(1), a_session(1, sent_after=50.0)
    created_at, created_monotonic, deadline = session.created_at, session.created_monotonic, session.deadline
    put_in(table, session, a_lease(1))
    table.merge(session.key, a_lease(2), created_at + later_by, session.created_monotonic + later_by)
    assert (session.created_at, session.created_monotonic, session.deadline) == (
        created_at + moved,
        created_monotonic + moved,
        deadline + moved,
    )


def test_a_message_that_gives_no_creation_has_no_say_in_it() -> None:
    table, session = InFlight(1), a_session(1, sent_after=50.0)
    created_monotonic = session.created_monotonic
    put_in(table, session, a_lease(1))
    assert table.merge(session.key, a_lease(2), None, created_monotonic + 30.0) is session
    assert session.created_monotonic == created_monotonic


def test_only_what_was_last_extended_long_enough_ago_is_to_be_renewed() -> None:
    table = InFlight(5)
    table.track([a_lease(1)], 10.0)
    table.track([a_lease(2)], 20.0)
    put_in(table, a_session(3), a_lease(3), now=15.0)
    assert table.due_for_extension(9.9) == []
    assert table.due_for_extension(15.0) == [a_lease(1), a_lease(3)]
    table.mark_extended([on_books(table, a_lease(1)), a_lease(9)], 30.0)
    assert table.due_for_extension(29.9) == [a_lease(3), a_lease(2)]
    assert table.due_for_extension(30.0) == [a_lease(3), a_lease(2), a_lease(1)]


def test_a_lost_lease_of_two_keeps_the_session() -> None:
    table = InFlight(1)
    session = put_in(table, a_session(1), a_lease(1), a_lease(2))
    assert table.mark_lost(on_books(table, a_lease(1)))
    assert not session.is_abandoned
    assert session.leases == held(table) == [a_lease(2)]


def test_the_last_lost_lease_abandons_the_session_and_makes_room() -> None:
    table = InFlight(1)
    session = put_in(table, a_session(1), a_lease(1))
    assert table.mark_lost(on_books(table, a_lease(1)))
    assert session.is_abandoned
    assert len(table) == 0
    assert table.merge(session.key, a_lease(2), 0.0, 0.0) is None


def test_messages_of_one_batch_are_told_apart_though_they_share_a_receipt() -> None:
    """The SQLite queue gives a batch one token: a receipt names a message only together with its id."""
    table = InFlight(3)
    leases = [a_lease(number, "one-token") for number in (1, 2, 3)]
    sessions = [put_in(table, a_session(number), lease) for number, lease in enumerate(leases)]
    table.mark_lost(leases[0])
    assert table.finish(sessions[1]) == [leases[1]]
    table.mark_lost(leases[2])
    assert [session.is_abandoned for session in sessions] == [True, False, True]


def test_a_lease_that_is_not_in_the_table_is_not_lost() -> None:
    table = InFlight(1)
    assert not table.mark_lost(on_books(table, a_lease(9)))
    session = put_in(table, a_session(1), a_lease(1), a_lease(2))
    assert table.mark_lost(on_books(table, a_lease(1)))
    assert not table.mark_lost(on_books(table, a_lease(1)))
    assert not session.is_abandoned


def test_closing_gives_every_lease_back_and_takes_them_off_the_books() -> None:
    table = InFlight(1)
    session = put_in(table, a_session(1), a_lease(1), a_lease(2))
    assert list(table.finish(session)) == [a_lease(1), a_lease(2)]
    assert held(table) == []
    assert not table.mark_lost(on_books(table, a_lease(1)))
    assert not session.is_abandoned


def test_closing_an_abandoned_session_does_not_touch_its_successor() -> None:
    table = InFlight(2)
    first = put_in(table, a_session(1), a_lease(1))
    table.mark_lost(on_books(table, a_lease(1)))
    second = put_in(table, a_session(1), a_lease(2))
    assert list(table.finish(first)) == []
    assert held(table) == [a_lease(2)]
    assert table.merge(second.key, a_lease(3), second.created_at, second.created_monotonic) is second


def test_abandoning_all_gives_the_leases_back_nearest_deadline_first() -> None:
    table, clock = InFlight(5), ManualClock()
    sessions: list[Session] = []
    for seconds in (3, 1, 0, 2):
        session = a_session(seconds, clock, lifetime=float(seconds))
        sessions.append(put_in(table, session, a_lease(seconds)))
    assert table.release_all() == [a_lease(number) for number in range(4)]
    assert all(session.is_abandoned for session in sessions)
    assert len(table) == 0
    assert held(table) == []
    assert table.release_all() == []


def test_a_lease_that_has_no_session_yet_is_given_back_too() -> None:
    table = InFlight(5)
    put_in(table, a_session(1), a_lease(1), a_lease(2))
    table.track([a_lease(3)], 0.0)
    assert table.release_all() == [a_lease(3), a_lease(1), a_lease(2)]


def test_once_all_was_abandoned_nothing_is_held_nor_added() -> None:
    table = InFlight(5)
    table.track([a_lease(1)], 0.0)
    table.release_all()
    assert not table.add(a_session(1), a_lease(1))
    assert not table.track([a_lease(2)], 0.0)
    assert held(table) == []
    assert len(table) == 0


def waiting_for_room() -> tuple[InFlight, Session, Thread, list[int]]:
    """A table that one session fills, a thread that waits for room there, and what it is told; once it waits."""
    rooms, changed = list[int](), Condition()
    table, is_waiting = InFlight(1, changed), when_waited_on(changed)
    session = put_in(table, a_session(1), a_lease(1))
    thread = Thread(target=lambda: rooms.append(table.wait_for_room(PATIENCE)))
    thread.start()
    assert is_waiting.wait(PATIENCE)
    return table, session, thread, rooms


@pytest.mark.parametrize("how", ["finish", "mark_lost", "release_all"])
def test_room_is_told_as_soon_as_there_is_some(how: str) -> None:
    table, session, thread, rooms = waiting_for_room()
    {
        "finish": lambda: table.finish(session),
        "mark_lost": lambda: table.mark_lost(on_books(table, a_lease(1))),
        "release_all": table.release_all,
    }[how]()
    thread.join(PATIENCE / 2)
    assert rooms == [1]


def test_a_full_table_is_not_waited_for_once_it_is_shut() -> None:
    table, _, thread, rooms = waiting_for_room()
    table.close()
    thread.join(PATIENCE / 2)
    assert rooms == [0]
    assert table.wait_for_room(PATIENCE * 100) == 0


def test_a_lease_that_joins_while_its_session_is_closed_is_acked_or_starts_anew_and_never_lost() -> None:
    for _ in range(200):
        table = InFlight(5)
        session = put_in(table, a_session(1), a_lease(1))
        table.track([a_lease(2)], 0.0)
        barrier = Barrier(2)
        joined: list[Session | None] = []

        def merge(table: InFlight = table, barrier: Barrier = barrier, joined: list[Session | None] = joined) -> None:
            barrier.wait(PATIENCE)
            joined.append(table.merge(SessionKey(session_id(1), "default"), a_lease(2), 0.0, 0.0))

        thread = Thread(target=merge)
        thread.start()
        barrier.wait(PATIENCE)
        closed = list(table.finish(session))
        thread.join(PATIENCE)
        assert closed == ([a_lease(1), a_lease(2)] if joined[0] else [a_lease(1)])
        assert held(table) == ([] if joined[0] else [a_lease(2)])


def test_a_lease_held_while_all_is_abandoned_is_given_back_or_refused_and_never_forgotten() -> None:
    for _ in range(200):
        table, barrier, refused = InFlight(5), Barrier(2), list[bool]()

        def track(table: InFlight = table, barrier: Barrier = barrier, refused: list[bool] = refused) -> None:
            barrier.wait(PATIENCE)
            refused.append(not table.track([a_lease(1)], 0.0))

        thread = Thread(target=track)
        thread.start()
        barrier.wait(PATIENCE)
        given_back = table.release_all()
        thread.join(PATIENCE)
        assert given_back == ([] if refused[0] else [a_lease(1)])
        assert held(table) == []
