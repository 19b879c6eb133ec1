import random
from operator import attrgetter

from tests.unit.support.builders import a_session
from watcher.polling.timer_queue import TimerQueue
from watcher.sessions.session import Session


def a_timer_queue() -> TimerQueue:
    return TimerQueue(attrgetter("due_at"))


def entered(table: TimerQueue, at: float, number: int = 1) -> Session:
    session = a_session(number)
    session.due_at = at
    table.add(session)
    return session


def drained(table: TimerQueue, until: float = 1e9) -> list[float]:
    found = []
    while (turn := table.first(until)) is not None:
        found.append(turn.at)
        table.drop()
    return found


def test_turns_come_in_the_order_of_their_moments_however_they_were_entered() -> None:
    table, chance = a_timer_queue(), random.Random(1)
    moments = [chance.uniform(-5, 50) for _ in range(1000)]
    came: list[float] = []
    for number, at in enumerate(moments[:500]):
        entered(table, at, number)
    came += drained(table, 20.0)
    for number, at in enumerate(moments[500:]):  # some of them earlier than what has come already
        entered(table, at, number)
    late = drained(table)
    assert came == sorted(at for at in moments[:500] if at <= 20.0)
    assert late == sorted([at for at in moments[:500] if at > 20.0] + moments[500:])
    assert len(table) == 0


def test_equal_moments_keep_the_order_in_which_they_were_entered() -> None:
    table = a_timer_queue()
    entered(table, 1.0)
    assert table.first() is not None
    sessions = [entered(table, moment, number) for moment in (1.0, 7.5) for number in range(5)]
    table.drop()
    came = []
    while (turn := table.first()) is not None:
        came.append(turn.session)
        table.drop()
    assert came == sessions


def test_what_comes_after_the_moment_asked_for_is_left_where_it_lies() -> None:
    table = a_timer_queue()
    entered(table, 7.2)
    assert table.first(6.9) is None
    assert table.first(7.1) is None
    assert table.first(7.2) is not None


def test_a_session_entered_again_for_another_second_has_its_old_turn_dropped_when_that_comes() -> None:
    table = a_timer_queue()
    session = entered(table, 5.0)
    session.due_at = 9.0
    table.add(session)
    assert len(table) == 2
    assert drained(table) == [9.0]
    assert len(table) == 0


def test_entering_tells_whether_a_turn_comes_before_all_others() -> None:
    table, sessions = a_timer_queue(), [a_session(number) for number in range(5)]
    told = []
    for session, at in zip(sessions, (5.0, 7.0, 3.0, 4.0, 3.5), strict=True):
        session.due_at = at
        told.append(table.add(session))
    assert told == [True, False, True, False, True]  # of one second that nobody sorted yet, any may be the first
    assert table.first() is not None
    entered(table, 3.2)
    sessions[0].due_at, sessions[1].due_at = 3.1, 2.0
    assert not table.add(sessions[0])
    assert table.add(sessions[1])


def test_those_near_are_found_without_being_taken_out() -> None:
    table = a_timer_queue()
    soon, later, _ = entered(table, 1.5), entered(table, 20.5), entered(table, 30.5)
    assert table.first() is not None
    assert list(table.near(21.0)) == [soon, later]
    assert drained(table) == [1.5, 20.5, 30.5]


def test_only_those_that_count_are_kept_and_once_each() -> None:
    table = a_timer_queue()
    kept, dropped = entered(table, 8.0, 1), entered(table, 9.0, 2)
    kept.due_at = 3.0
    table.add(kept)
    assert table.retain(lambda session: session is kept) == [dropped]
    assert len(table) == 1
    assert drained(table) == [3.0]
