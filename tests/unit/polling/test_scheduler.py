import itertools

import pytest

from tests.support import ManualClock
from tests.unit.support.builders import a_session
from tests.unit.support.heaps import scheduler, taken
from watcher.polling.scheduler import MAX_PAUSE, Due
from watcher.rate_limit import TokenBucket


def test_the_most_urgent_comes_first_and_equals_in_the_order_they_came() -> None:
    clock = ManualClock()
    heap, now = scheduler(clock), clock.monotonic()
    sessions = [a_session(number, clock) for number in range(5)]
    for session, at in zip(sessions, (-1.0, -3.0, -2.0, -3.0, 0.0), strict=True):
        heap.add(session, now + at)
    assert [taken(heap) for _ in sessions] == [sessions[number] for number in (1, 3, 2, 0, 4)]


def test_what_is_taken_says_when_it_was_due() -> None:
    clock = ManualClock()
    heap, session = scheduler(clock), a_session(1, clock)
    heap.add(session, clock.monotonic() - 2.5)
    assert heap.take() == Due(session, clock.monotonic() - 2.5)


def test_what_is_not_due_yet_tells_how_long_to_wait() -> None:
    clock = ManualClock()
    heap = scheduler(clock)
    assert heap.poll_next(clock.monotonic()) == MAX_PAUSE
    heap.add(a_session(1, clock), clock.monotonic() + 3.0)
    assert heap.poll_next(clock.monotonic()) == 3.0
    clock.advance(3.0)
    assert isinstance(heap.poll_next(clock.monotonic()), Due)


def test_a_waiting_session_can_be_brought_forward_and_comes_once() -> None:
    clock = ManualClock()
    heap, session, other = scheduler(clock), a_session(1, clock), a_session(2, clock)
    now = clock.monotonic()
    heap.add(session, now + 10.0)
    heap.add(other, now + 5.0)
    heap.bring_forward(session, now + 3.0)
    assert heap.poll_next(now) == 3.0
    clock.advance(10.0)
    assert [heap.poll_next(now + 10.0), heap.poll_next(now + 10.0)] == [
        Due(session, now + 3.0),
        Due(other, now + 5.0),
    ]
    assert heap.poll_next(now + 10.0) == MAX_PAUSE
    assert len(heap) == 0


def test_bringing_forward_to_a_later_moment_changes_nothing() -> None:
    clock = ManualClock()
    heap, session = scheduler(clock), a_session(1, clock)
    heap.add(session, clock.monotonic() + 3.0)
    heap.bring_forward(session, clock.monotonic() + 3.0)
    heap.bring_forward(session, clock.monotonic() + 8.0)
    assert heap.poll_next(clock.monotonic()) == 3.0
    assert len(heap) == 1


def test_a_session_that_is_with_a_worker_is_not_brought_forward() -> None:
    clock = ManualClock()
    heap, session = scheduler(clock), a_session(1, clock)
    heap.bring_forward(session, clock.monotonic())
    heap.add(session, clock.monotonic())
    assert taken(heap) is session
    heap.bring_forward(session, clock.monotonic() - 5.0)
    assert heap.poll_next(clock.monotonic()) == MAX_PAUSE


def test_the_old_entry_of_a_brought_forward_session_stays_stale_when_it_is_added_again() -> None:
    clock = ManualClock()
    heap, session, now = scheduler(clock), a_session(1, clock), clock.monotonic()
    heap.add(session, now + 10.0)
    heap.bring_forward(session, now)
    assert taken(heap) is session
    heap.add(session, now + 60.0)
    assert heap.poll_next(now + 10.0) == 50.0


def test_stale_entries_cost_no_call() -> None:
    clock = ManualClock()
    bucket = TokenBucket(1)
    heap, session, now = scheduler(clock, bucket), a_session(1, clock), clock.monotonic()
    heap.add(session, now + 1.0)
    heap.bring_forward(session, now)
    assert taken(heap) is session
    assert heap.poll_next(now + 1.0) == MAX_PAUSE
    assert bucket.acquire(now + 1.0) == 0.0


def test_abandoned_sessions_are_passed_over_and_cost_no_call() -> None:
    clock = ManualClock()
    heap = scheduler(clock, TokenBucket(1))
    sessions = [a_session(number, clock) for number in range(4)]
    for session in sessions:
        heap.add(session, clock.monotonic())
        session.is_abandoned = session is not sessions[3]
    assert taken(heap) is sessions[3]
    assert len(heap) == 0


def test_the_limiter_is_paid_only_for_what_is_handed_out() -> None:
    clock = ManualClock()
    bucket = TokenBucket(1)
    heap = scheduler(clock, bucket)
    heap.add(a_session(1, clock), clock.monotonic() + 1.0)
    assert heap.poll_next(clock.monotonic()) == 1.0
    assert bucket.acquire(clock.monotonic()) == 0.0


def test_the_limiter_holds_back_what_is_due() -> None:
    clock = ManualClock()
    heap = scheduler(clock, TokenBucket(2))
    for number in range(3):
        heap.add(a_session(number, clock), clock.monotonic())
    begun: list[float] = []
    while len(heap):
        found = heap.poll_next(clock.monotonic())
        if isinstance(found, Due):
            begun.append(clock.monotonic() - 1000.0)
        else:
            clock.advance(found)
    assert begun[0] == 0.0
    assert all(later - sooner > 0.4 for sooner, later in itertools.pairwise(begun))


def test_a_session_that_was_told_of_late_is_due_since_its_receipt() -> None:
    clock = ManualClock()
    heap, session = scheduler(clock), a_session(1, clock)
    session.received_at = session.created_at + 30.0
    heap.add(session, clock.monotonic() + 4.0)
    clock.advance(32.0)
    due = heap.poll_next(clock.monotonic())
    assert isinstance(due, Due)
    assert due.at == pytest.approx(session.created_monotonic + 30.0)
