"""The order in which sessions are polled, in a queue that keeps up and in one that is behind."""

from math import inf

import pytest

from tests.support import ManualClock
from tests.unit.support.builders import a_session, an_answer
from watcher.domain.model import SessionStatus
from watcher.polling.due_queue import BEHIND, NEWCOMERS, DueQueue
from watcher.polling.final_poll import final_poll_at
from watcher.sessions.session import Session

NOW = ManualClock().monotonic()


def a_queue() -> DueQueue:
    return DueQueue(lambda _: True)


def added(queue: DueQueue, at: float, number: int = 1, *, is_new: bool = True) -> Session:
    """A session that waits for its poll at that moment."""
    session = a_session(number)
    if not is_new:
        session.record(an_answer(SessionStatus.IN_PROGRESS))
    put(queue, session, at)
    return session


def put(queue: DueQueue, session: Session, at: float) -> bool:
    session.is_scheduled, session.due_at = True, at
    return queue.add(session)


def taken(queue: DueQueue, now: float) -> Session | None:
    """The next session to poll, which then waits no more."""
    head = queue.head(now)
    if head is None:
        return None
    session, timer, _ = head
    queue.take(timer)
    session.is_scheduled = False
    return session


def test_sessions_come_when_they_are_due_and_the_earliest_first() -> None:
    queue = a_queue()
    late, early = added(queue, NOW + 5.0, 1), added(queue, NOW + 2.0, 2)
    assert (len(queue), queue.next_at(), queue.seconds_until_due(NOW)) == (2, NOW + 2.0, 2.0)
    assert taken(queue, NOW + 1.9) is None
    assert [taken(queue, NOW + 5.0) for _ in range(3)] == [early, late, None]
    assert (len(queue), queue.next_at(), queue.seconds_until_due(NOW)) == (0, inf, inf)


def test_one_that_comes_before_all_others_is_told_as_such() -> None:
    queue = a_queue()
    assert put(queue, a_session(1), NOW + 5.0)
    assert not put(queue, a_session(2), NOW + 9.0)
    assert put(queue, a_session(3), NOW + 1.0)
    assert queue.head(NOW + 1.0)
    assert not put(queue, a_session(4), NOW + 2.0), "the third is still due"


@pytest.mark.parametrize("change", ["abandoned", "moved", "polled"])
def test_a_session_that_is_not_to_be_polled_then_keeps_no_turn(change: str) -> None:
    queue = a_queue()
    gone, other = added(queue, NOW, 1), added(queue, NOW + 1.0, 2)
    match change:
        case "abandoned":
            gone.is_abandoned = True
        case "moved":
            put(queue, gone, NOW + 50.0)
        case "polled":
            gone.is_scheduled = False
    assert taken(queue, NOW + 2.0) is other
    assert taken(queue, NOW + 2.0) is None
    assert taken(queue, NOW + 60.0) is (gone if change == "moved" else None)


def test_a_queue_is_behind_once_its_oldest_poll_is_overdue_by_more_than_jitter() -> None:
    queue = a_queue()
    added(queue, NOW)
    assert not queue.is_behind(NOW)
    assert queue.head(NOW + BEHIND + 0.1)
    assert [queue.is_behind(NOW + BEHIND), queue.is_behind(NOW + BEHIND + 0.1)] == [False, True]


def test_behind_two_of_three_polls_are_for_new_sessions_and_one_of_them_for_the_newest() -> None:
    queue = a_queue()
    queue.newest_too = True
    old = [added(queue, NOW - 20.0 + number, number, is_new=False) for number in range(3)]
    new = [added(queue, NOW - 10.0 + number, 10 + number) for number in range(5)]
    polled = [taken(queue, NOW) for _ in range(8)]
    assert [polled[place] for place in (0, 3, 6)] == old
    assert polled[1] is new[-1]
    assert set(polled) == {*old, *new}


@pytest.mark.parametrize("newest_too", [False, True])
def test_a_queue_that_keeps_up_has_no_favourites(*, newest_too: bool) -> None:
    queue = a_queue()
    queue.newest_too = newest_too
    sessions = [added(queue, NOW + number / 100, number) for number in range(6)]
    assert [taken(queue, NOW + BEHIND) for _ in sessions] == sessions


def test_without_a_reason_to_favour_the_newest_a_queue_that_is_behind_is_polled_in_order() -> None:
    queue = a_queue()
    sessions = [added(queue, NOW - 20.0 + number, number) for number in range(6)]
    assert [taken(queue, NOW) for _ in sessions] == sessions


def test_a_crowd_beyond_the_newest_thousand_is_polled_all_the_same() -> None:
    queue = a_queue()
    queue.newest_too = True
    crowd = {added(queue, NOW - 10.0, number) for number in range(NEWCOMERS + 50)}
    assert {taken(queue, NOW) for _ in crowd} == crowd


def test_a_final_poll_goes_before_all_that_is_overdue_and_an_end_is_told() -> None:
    queue, clock = a_queue(), ManualClock()
    ending = a_session(1, clock)
    put(queue, ending, ending.deadline - 2.0)
    final = final_poll_at(ending) + 0.1
    added(queue, final - 50.0, 2)
    assert queue.expired(final) is None
    assert queue.head(final) == (ending, None, False)
    assert queue.head(ending.deadline) == (ending, None, True)
    assert queue.expired(ending.deadline) is ending


def test_a_final_poll_that_is_reserved_ends_the_wait_for_a_later_turn() -> None:
    queue, clock = a_queue(), ManualClock()
    session = a_session(1, clock)
    put(queue, session, session.deadline + 100.0)
    assert queue.seconds_until_due(NOW) == session.lifetime + 100.0
    queue.reserve(session, NOW)
    assert queue.seconds_until_due(NOW) == pytest.approx(final_poll_at(session) - NOW, abs=0.1)
