"""How sessions end that crowd together at a rate too small for all: the watcher's scheduler and policy."""

import json
from collections import Counter

import pytest

from tests.support import ManualClock
from tests.unit.support.builders import a_session, an_answer
from tests.unit.support.heaps import scheduler
from tests.unit.support.polling import CREATED, WAITING, policy
from tests.unit.support.world import World
from watcher.domain.errors import CallTimedOut, Throttled
from watcher.domain.model import SessionStatus
from watcher.polling.deadline_queue import AHEAD
from watcher.polling.final_poll import final_poll_at
from watcher.polling.learned_wait import LearnedWait
from watcher.polling.policy import Observation, PollAgain, PollPolicy
from watcher.polling.scheduler import RATE_PAUSE, Due, Scheduler
from watcher.polling.strategies import backoff
from watcher.rate_limit import TokenBucket
from watcher.schedule import Schedule
from watcher.sessions.session import FinalPoll, Session

OVER = an_answer(SessionStatus.SUCCEEDED)


def crowd_of(number: int, over_at: float, rate: float) -> tuple[list[float], list[float], list[float]]:
    """Seconds from their birth at which such a crowd was decided, at which it was given up, and of the calls."""
    clock = ManualClock()
    heap, rule = scheduler(clock, TokenBucket(rate)), policy(clock)
    for each in range(number):
        heap.add(session := a_session(each, clock), clock.monotonic())
    born, decided, given_up, calls = session.created_monotonic, list[float](), list[float](), list[float]()
    while len(decided) + len(given_up) < number:
        due = heap.poll_next(clock.monotonic())
        age = clock.monotonic() - born
        if not isinstance(due, Due):
            clock.advance(due)
        elif due.is_over:
            given_up.append(age)
        else:
            calls.append(age)
            answer = OVER if age >= over_at else WAITING
            due.session.record(answer)
            step = rule.next_step(due.session, answer)
            if isinstance(step, PollAgain):
                heap.add(due.session, clock.monotonic() + step.delay)
            else:
                (decided if answer is OVER else given_up).append(age)
    return decided, given_up, calls


@pytest.mark.parametrize(("number", "over_at"), [(40, 171.0), (60, 167.0), (80, 163.0)])
def test_nobody_is_given_up_for_whom_there_would_have_been_a_call(number: int, over_at: float) -> None:
    decided, given_up, _ = crowd_of(number, over_at, rate=5.0)
    assert (len(decided), given_up) == (number, [])


@pytest.mark.parametrize(("number", "rate"), [(40, 5.0), (80, 5.0), (12, 1.0), (3, 25.0)])
def test_who_never_ends_is_given_up_at_the_deadline_and_not_before(number: int, rate: float) -> None:
    _, given_up, calls = crowd_of(number, float("inf"), rate)
    assert len(given_up) == number
    assert min(given_up) >= 179.0 - 1e-6
    assert max(given_up) <= 180.0
    assert max(Counter(map(int, calls)).values()) <= rate + 1


def parted(clock: ManualClock, seconds: float = 15.0) -> Session:
    """A session `seconds` before its deadline, whose last poll was brought forward and has just been answered."""
    session = a_session(1, clock)
    clock.advance(180.0 - seconds)
    session.final_poll, session.final_poll_by = FinalPoll.BROUGHT_FORWARD, clock.monotonic()
    session.record(WAITING)
    assert isinstance(policy(clock).next_step(session, WAITING), PollAgain)
    return session


def exhausted(clock: ManualClock) -> Scheduler:
    """A scheduler that gives leave for no call in years."""
    bucket = TokenBucket(1e-9)
    assert bucket.acquire(clock.monotonic()) == 0.0
    return scheduler(clock, bucket)


def over(heap: Scheduler, clock: ManualClock) -> list[Session]:
    """Whose time is over now."""
    found = []
    while isinstance(due := heap.poll_next(clock.monotonic()), Due):
        assert due.is_over
        found.append(due.session)
    assert due <= RATE_PAUSE or not len(heap)
    return found


def test_it_ends_by_its_latest_answer_without_a_call_when_no_turn_came() -> None:
    clock = ManualClock()
    heap, session = exhausted(clock), parted(clock)
    heap.add(session, clock.monotonic() + 3.0)
    clock.advance(14.9)
    assert over(heap, clock) == []
    clock.advance(0.1)
    assert over(heap, clock) == [session]
    assert session.ending == WAITING._replace(session_id=session.session_id)


def test_those_for_whom_there_is_no_call_end_at_their_deadlines_whatever_was_heard_of_them() -> None:
    """The service throttles everything: nobody is kept waiting for the rate beyond the deadline."""
    clock = ManualClock()
    heap, sessions = exhausted(clock), [a_session(number, clock) for number in range(4)]
    unheard, throttled, failed, answered = sessions
    throttled.record(Throttled("slow down"))
    for observation in (WAITING, CallTimedOut("no answer"), Throttled("slow down")):
        failed.record(observation)
    for observation in (CallTimedOut("no answer"), CREATED, Throttled("slow down")):
        answered.record(observation)
    for session in sessions:
        heap.add(session, clock.monotonic() + 5.0)
    clock.advance(179.9)
    assert over(heap, clock) == []
    clock.advance(0.1)
    assert set(over(heap, clock)) == set(sessions)
    assert unheard.ending is None
    assert [type(session.ending) for session in (throttled, failed)] == [Throttled, CallTimedOut]
    assert answered.ending == CREATED._replace(session_id=answered.session_id)


def test_one_that_came_after_its_deadline_is_asked_for_all_the_same_and_holds_up_nobody() -> None:
    clock = ManualClock()
    heap, late, others = exhausted(clock), a_session(1, clock), [a_session(number, clock) for number in range(2, 5)]
    late.created_at -= 200.0
    late.received_at = clock.time()
    for session in (late, *others):
        heap.add(session, clock.monotonic())
    clock.advance(181.0)
    assert set(over(heap, clock)) == set(others)
    heap.set_limiter(TokenBucket(1.0))
    assert heap.poll_next(clock.monotonic()) == Due(late, clock.monotonic() - 181.0)


def test_those_that_end_do_not_wait_for_those_that_need_a_call() -> None:
    clock = ManualClock()
    heap, session, unseen = exhausted(clock), parted(clock), a_session(2, clock)
    unseen.created_at = session.created_at + 0.1
    for each in (unseen, session):
        heap.add(each, final_poll_at(each))
    clock.advance(15.05)
    assert over(heap, clock) == [session]


def test_it_is_not_brought_forward_again_at_the_cost_of_the_unseen() -> None:
    clock = ManualClock()
    heap, session = scheduler(clock, TokenBucket(2.0)), parted(clock, AHEAD - 1.0)
    heap.add(session, final_poll_at(session))
    unseen = [a_session(number, clock) for number in range(2, 40)]
    for other in unseen:
        other.created_at = session.created_at
        heap.add(other, final_poll_at(other))
    heap.poll_next(clock.monotonic())
    assert final_poll_at(session) == session.deadline - 1.0
    assert min(map(final_poll_at, unseen)) < session.deadline - 10.0


@pytest.mark.parametrize(("observation", "status", "error"), [(WAITING, "IN_PROGRESS", None), (None, None, None)])
def test_the_poller_decides_it_timed_out_without_asking(
    observation: Observation | None, status: str | None, error: str | None
) -> None:
    world = World()
    session = world.session(1)
    if observation is not None:
        session.record(observation)
    world.poller.poll_once(Due(session, world.clock.monotonic(), is_over=True))
    [(_, event)] = world.decisions
    data = json.loads(event.body)["data"]
    assert (data["reason"], data["status"], data["lastError"]) == ("timed_out", status, error)
    assert world.results.asked == []


def test_a_session_that_is_over_no_longer_counts_as_in_flight() -> None:
    clock, schedule = ManualClock(), Schedule()
    learned = LearnedWait(schedule=schedule, clock=clock, minimum=1.0, maximum=10.0, jitter=0.0)
    rule = PollPolicy(backoff(1.0, 10.0, 1.6, 0.0), clock, learned)
    session = a_session(1, clock)
    session.record(WAITING)
    rule.next_step(session, WAITING)
    plan = session.planned_for
    assert plan is not None
    assert plan.count == 1
    rule.forget(session)
    assert (session.planned_for, plan.count) == (None, 0)


def test_no_one_waits_for_the_end_of_one_whose_last_poll_was_brought_forward() -> None:
    """That one is first in line for a call, of which there is none; its deadline is later."""
    clock = ManualClock()
    heap, earlier = exhausted(clock), a_session(1, clock)
    clock.advance(15.0)
    later = a_session(2, clock)
    later.final_poll, later.final_poll_by = FinalPoll.BROUGHT_FORWARD, earlier.deadline - 5.0
    for session in (later, earlier):
        heap.add(session, final_poll_at(session))
    clock.advance(earlier.deadline - clock.monotonic())
    assert over(heap, clock) == [earlier]
    clock.advance(15.0)
    assert over(heap, clock) == [later]


@pytest.mark.parametrize("number", [40, 70])
def test_a_crowd_is_seen_in_time_by_a_scheduler_that_has_nothing_else_to_do(number: int) -> None:
    """All of them wait for their last poll and nothing else."""
    clock, rate = ManualClock(), 5.0
    heap, sessions = scheduler(clock, TokenBucket(rate)), [a_session(each, clock) for each in range(number)]
    for session in sessions:
        heap.add(session, final_poll_at(session))
    polled = set()
    while clock.monotonic() < sessions[0].deadline:
        due = heap.poll_next(clock.monotonic())
        if isinstance(due, Due):
            assert not due.is_over
            polled.add(due.session)
        else:
            clock.advance(due)
    assert polled == set(sessions)
