import sys

import pytest

from tests.support import ManualClock, Unlimited
from tests.unit.support.builders import a_session
from tests.unit.support.heaps import scheduler, taken
from watcher.polling.deadline_queue import AHEAD, FEWEST, PARTS, SHARE
from watcher.polling.final_poll import final_poll_at, record_answer
from watcher.polling.scheduler import Due, Scheduler
from watcher.rate_limit import TokenBucket
from watcher.sessions import creation_claim
from watcher.sessions.session import FinalPoll, Session


def crowd(heap: Scheduler, clock: ManualClock, number: int) -> list[Session]:
    """Sessions that were born together and whose polls were all due long ago."""
    sessions = [a_session(each, clock) for each in range(number)]
    for session in sessions:
        heap.add(session, session.created_monotonic)
    return sessions


def references(sessions: list[Session]) -> list[int]:
    """How many references there are to each: the scheduler's timers are some of them."""
    return list(map(sys.getrefcount, sessions))


def polled_in(heap: Scheduler, clock: ManualClock, seconds: float) -> list[tuple[float, Session]]:
    """What is taken, and when, in the next seconds; nothing is put back."""
    found, end = [], clock.monotonic() + seconds
    while (now := clock.monotonic()) < end:
        due = heap.poll_next(now)
        if isinstance(due, Due):
            found.append((now, due.session))
        else:
            clock.advance(min(due, 0.01))
    return found


def test_a_session_whose_last_moment_has_come_goes_before_all_that_are_overdue() -> None:
    clock = ManualClock()
    heap = scheduler(clock)
    old = a_session(99, clock)
    clock.advance(10.0)
    heap.add(old, old.deadline - 2.0)
    crowd(heap, clock, 5)
    clock.advance(169.1)
    assert clock.monotonic() >= final_poll_at(old)
    assert taken(heap) is old


def test_of_several_last_moments_the_earliest_deadline_wins() -> None:
    clock = ManualClock()
    heap, sessions = scheduler(clock), []
    for number in range(4):
        sessions.append(a_session(number, clock))
        clock.advance(0.5)
    for session in reversed(sessions):
        heap.add(session, session.deadline - 3.0)
    clock.advance(180.0)
    assert [taken(heap) for _ in sessions] == sessions


def test_a_last_poll_that_failed_is_due_again_when_its_backoff_says() -> None:
    clock = ManualClock()
    heap, session = scheduler(clock), a_session(1, clock)
    heap.add(session, final_poll_at(session))
    clock.advance(179.0)
    assert taken(heap) is session
    heap.add(session, clock.monotonic() + 0.7)
    assert heap.poll_next(clock.monotonic()) == pytest.approx(0.7)


def test_a_session_that_was_brought_forward_is_reserved_at_its_new_moment() -> None:
    clock = ManualClock()
    heap, session, others = scheduler(clock), a_session(99, clock), []
    heap.add(session, session.created_monotonic + 5.0)
    session.created_at -= 100.0
    heap.bring_forward(session, final_poll_at(session))
    for number in range(3):
        others.append(a_session(number, clock))
        heap.add(others[-1], clock.monotonic())
    clock.advance(79.5)
    assert taken(heap) is session


def test_a_reservation_stands_where_many_share_its_moment_just_after_the_last_poll_is_due() -> None:
    clock = ManualClock()
    heap, sessions = scheduler(clock), []
    for number in range(100):
        sessions.append(a_session(number, clock))
        heap.add(sessions[-1], clock.monotonic())
        clock.advance(0.0002)
    assert all(0.0 <= session.final_due_at - final_poll_at(session) < 1 / PARTS for session in sessions)
    assert len({id(session.final_due_at) for session in sessions}) <= 3
    before = references(sessions)
    for number in range(100):
        heap.bring_forward(sessions[number], final_poll_at(sessions[number]))
    assert references(sessions) == before  # no second timer


def test_last_polls_that_fall_together_are_brought_forward_as_far_as_the_rate_asks() -> None:
    clock = ManualClock()
    heap = scheduler(clock, TokenBucket(10.0))
    sessions = crowd(heap, clock, 100)
    for session in sessions:
        heap.bring_forward(session, session.created_monotonic)
    for _ in sessions:  # each is polled once, late, and would be polled last at the same moment as all others
        while not isinstance(due := heap.poll_next(clock.monotonic()), Due):
            clock.advance(due)
        heap.add(due.session, final_poll_at(due.session))
    clock.advance(sessions[0].deadline - AHEAD - 0.5 - clock.monotonic())
    found = polled_in(heap, clock, AHEAD + 0.4)
    assert {session for _, session in found} == set(sessions)
    assert all(at <= session.deadline for at, session in found)
    assert found[0][0] >= sessions[0].deadline - 100 / (10.0 * SHARE) - 3.0


def test_a_few_last_polls_keep_their_moment() -> None:
    clock = ManualClock()
    heap = scheduler(clock, TokenBucket(10.0))
    sessions = [a_session(number, clock) for number in range(5)]
    for session in sessions:
        heap.add(session, final_poll_at(session))
    clock.advance(170.0)
    assert all(at >= session.deadline - 1.0 - 1e-6 for at, session in polled_in(heap, clock, 9.9))
    assert all(final_poll_at(session) == session.deadline - 1.0 for session in sessions)


def test_without_a_known_rate_nothing_is_brought_forward() -> None:
    clock = ManualClock()
    heap = scheduler(clock, Unlimited())
    sessions = crowd(heap, clock, 500)
    clock.advance(165.0)
    heap.poll_next(clock.monotonic())
    assert all(final_poll_at(session) == session.deadline - 1.0 for session in sessions)


def test_finished_sessions_are_not_kept_in_memory_to_their_deadlines() -> None:
    clock = ManualClock()
    heap, sessions = scheduler(clock), [a_session(number, clock) for number in range(20 * FEWEST)]
    before = references(sessions)
    for session in sessions:
        heap.add(session, clock.monotonic())
        taken(heap)
    assert sum(references(sessions)) - sum(before) <= FEWEST + 2


def test_clearing_out_leaves_those_who_wait_reserved() -> None:
    clock = ManualClock()
    heap, waiting = scheduler(clock), a_session(7, clock)
    heap.add(waiting, waiting.deadline - 10.0)
    for number in range(20 * FEWEST):
        heap.add(a_session(100 + number, clock), clock.monotonic())
        taken(heap)
    clock.advance(179.5)
    late = a_session(8, clock)
    heap.add(late, clock.monotonic() - 100.0)
    assert taken(heap) is waiting


def overdue(heap: Scheduler, clock: ManualClock, number: int = 50) -> Session:
    """A young session whose poll was due before all others'; it has no claim to go before a last poll."""
    session = a_session(number, clock)
    heap.add(session, clock.monotonic() - 500.0)
    return session


def test_the_reservation_of_a_last_poll_that_failed_outlives_the_one_before_it() -> None:
    clock = ManualClock()
    heap, session = scheduler(clock), a_session(1, clock)
    heap.add(session, final_poll_at(session))
    clock.advance(179.0)
    assert taken(heap) is session
    heap.add(session, clock.monotonic() + 0.3)
    clock.advance(0.1)
    first = overdue(heap, clock, 50)
    assert taken(heap) is first  # its first guard is found stale here
    other = overdue(heap, clock, 51)
    clock.advance(0.25)
    assert [taken(heap), taken(heap)] == [session, other]


def test_a_reservation_moved_within_its_second_outlives_the_one_before_it() -> None:
    clock = ManualClock()
    heap, session = scheduler(clock), a_session(1, clock)
    heap.add(session, final_poll_at(session))
    heap.bring_forward(session, final_poll_at(session) + 0.5)
    clock.advance(179.2)
    first = overdue(heap, clock, 50)
    assert taken(heap) is first
    other = overdue(heap, clock, 51)
    clock.advance(0.35)
    assert [taken(heap), taken(heap)] == [session, other]


def test_a_session_that_was_with_a_worker_at_its_moment_is_reserved_once_it_is_back() -> None:
    clock = ManualClock()
    heap, session = scheduler(clock), a_session(1, clock)
    heap.add(session, clock.monotonic())
    assert taken(heap) is session
    clock.advance(179.1)
    first = overdue(heap, clock, 50)
    assert taken(heap) is first
    other = overdue(heap, clock, 51)
    heap.add(session, session.created_monotonic)
    clock.advance(0.1)
    assert [taken(heap), taken(heap)] == [session, other]


def test_a_session_that_is_with_a_worker_during_a_clearing_out_is_reserved_once_it_is_back() -> None:
    clock = ManualClock()
    heap, session = scheduler(clock), a_session(1, clock)
    heap.add(session, clock.monotonic())
    assert taken(heap) is session
    for number in range(20 * FEWEST):
        heap.add(a_session(100 + number, clock), clock.monotonic())
        taken(heap)
    heap.add(session, session.deadline - 2.0)
    clock.advance(179.1)
    other = overdue(heap, clock)
    assert [taken(heap), taken(heap)] == [session, other]


def brought_forward(heap: Scheduler, clock: ManualClock) -> Session:
    """A session in its last 15 s whose last poll was brought forward, and answered just before its moment."""
    session = a_session(1, clock)
    clock.advance(165.0)
    session.final_poll, session.final_poll_by = FinalPoll.BROUGHT_FORWARD, clock.monotonic() + 0.5
    heap.add(session, clock.monotonic())
    assert taken(heap) is session
    record_answer(session, clock.monotonic())
    return session


@pytest.mark.parametrize("seconds", [1.0, 14.5], ids=["the moment brought forward to", "the last second"])
def test_a_session_whose_last_poll_is_answered_goes_before_nobody(seconds: float) -> None:
    clock = ManualClock()
    heap = scheduler(clock)
    session = brought_forward(heap, clock)
    heap.add(session, clock.monotonic() + 0.4)
    clock.advance(seconds)
    other = overdue(heap, clock)
    assert [taken(heap), taken(heap)] == [other, session]


def test_clearing_out_passes_over_those_whose_last_poll_is_answered() -> None:
    clock = ManualClock()
    heap = scheduler(clock)
    session = brought_forward(heap, clock)
    heap.add(session, clock.monotonic() + 14.0)
    for number in range(20 * FEWEST):
        heap.add(a_session(100 + number, clock), clock.monotonic())
        taken(heap)
    clock.advance(15.0)
    assert heap.poll_next(clock.monotonic()) == Due(session, session.deadline - 1.0, is_over=True)


def test_an_abandoned_session_is_neither_polled_nor_ended_when_its_moment_comes() -> None:
    clock = ManualClock()
    heap, session = scheduler(clock), a_session(1, clock)
    heap.add(session, session.created_monotonic + 1.0)
    session.is_abandoned = True
    clock.advance(179.5)
    other = overdue(heap, clock)
    assert taken(heap) is other
    clock.advance(0.5)
    assert heap.take_expired() is None


@pytest.mark.parametrize(("lifetime", "most"), [(45.0, 5.0), (90.0, 10.0), (180.0, 20.0)])
def test_no_last_poll_is_brought_forward_by_more_than_a_ninth_of_the_session(lifetime: float, most: float) -> None:
    clock = ManualClock()
    heap = scheduler(clock, TokenBucket(1.0))
    sessions = [a_session(number, clock, lifetime=lifetime) for number in range(60)]
    for session in sessions:
        heap.add(session, final_poll_at(session))
    kept = final_poll_at(sessions[0])
    while clock.monotonic() < kept - most - 0.1:
        heap.poll_next(clock.monotonic())
        clock.advance(0.5)
        if clock.monotonic() < kept - most - 0.1:
            assert {final_poll_at(session) for session in sessions} == {kept}
    clock.advance(1.5)
    heap.poll_next(clock.monotonic())
    assert min(map(final_poll_at, sessions)) < kept


def test_sessions_that_do_not_wait_any_more_bring_nobody_forward() -> None:
    clock = ManualClock()
    heap = scheduler(clock, TokenBucket(1000.0))
    waiting = a_session(100, clock)
    heap.add(waiting, final_poll_at(waiting))
    gone = crowd(heap, clock, 60)
    while any(session.is_scheduled for session in gone):
        clock.advance(0.01)
        heap.poll_next(clock.monotonic())
    heap.set_limiter(TokenBucket(1.0))
    clock.advance(waiting.deadline - 10.0 - clock.monotonic())
    heap.poll_next(clock.monotonic())
    assert final_poll_at(waiting) == waiting.deadline - 1.0


def test_a_session_that_is_extended_after_its_last_poll_is_polled_last_once_more() -> None:
    clock = ManualClock()
    heap, session = scheduler(clock), a_session(1, clock, lifetime=20.0, sent_after=15.0)
    session.final_poll, session.final_poll_by = FinalPoll.BROUGHT_FORWARD, clock.monotonic() + 5.0
    clock.advance(5.0)
    record_answer(session, clock.monotonic())  # so it would only wait for its end
    heap.add(session, session.deadline)
    creation_claim.merge(session, session.created_at + 10.0, session.created_monotonic + 10.0)
    heap.bring_forward(session, final_poll_at(session))
    assert heap.take_expired() is None
    found = polled_in(heap, clock, 16.0)
    assert [taken for _, taken in found] == [session]
    assert found[0][0] < session.deadline
