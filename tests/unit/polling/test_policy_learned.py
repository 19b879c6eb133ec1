import pytest

from tests.support import ManualClock
from tests.unit.schedule.sessions import taught
from tests.unit.support.builders import a_session, an_answer
from tests.unit.support.heaps import scheduler
from tests.unit.support.polling import WAITING, life
from watcher.domain.errors import CallTimedOut, Throttled
from watcher.domain.model import SessionStatus
from watcher.polling.final_poll import final_poll_at
from watcher.polling.learned_wait import LearnedWait
from watcher.polling.policy import Ended, PollAgain, PollPolicy
from watcher.polling.scheduler import Due
from watcher.polling.strategies import backoff
from watcher.schedule import Mode, Schedule
from watcher.sessions.session import FinalPoll, Session


def policy(schedule: Schedule, clock: ManualClock) -> PollPolicy:
    learned = LearnedWait(schedule=schedule, clock=clock, minimum=1.0, maximum=10.0, jitter=0.0)
    return PollPolicy(backoff(1.0, 10.0, 1.6, 0.0), clock, learned)


def test_a_fresh_watcher_polls_at_the_seconds_of_the_backoff() -> None:
    clock = ManualClock()
    begun, _ = life(clock, policy(Schedule(), clock), a_session(1, clock), lambda _: WAITING)
    assert begun[:5] == pytest.approx([0.0, 1.0, 2.6, 5.16, 9.256])
    assert begun[-1] == pytest.approx(179.0)


def test_polls_teach_the_schedule_when_sessions_end() -> None:
    clock, schedule = ManualClock(), Schedule()
    rule = policy(schedule, clock)
    for number in range(100):
        session = a_session(number, clock)
        for seconds in (4.0, 6.0):
            clock.advance(seconds)
            session.record(WAITING)
            rule.next_step(session, WAITING)
        clock.advance(2.0)
        rule.next_step(session, an_answer(SessionStatus.FAILED if number % 2 else SessionStatus.SUCCEEDED))
    state = schedule.state()
    assert state.mode is Mode.LEARNED
    assert state.median == pytest.approx(11.0, abs=1.5)


@pytest.mark.parametrize("observation", [an_answer(SessionStatus.EXPIRED), Throttled("x"), CallTimedOut("x")])
def test_what_says_nothing_of_the_person_teaches_nothing(observation: object) -> None:
    clock, schedule = ManualClock(), Schedule()
    session = a_session(1, clock)
    clock.advance(30.0)
    before = schedule.dump()
    session.record(observation)  # type: ignore[arg-type]
    policy(schedule, clock).next_step(session, observation)  # type: ignore[arg-type]
    assert schedule.dump() == before


def test_a_fault_backs_off_whatever_was_learned() -> None:
    clock, fault = ManualClock(), CallTimedOut("x")
    session, rule = a_session(1, clock), policy(taught(), clock)
    clock.advance(19.0)
    delays = []
    for _ in range(4):
        session.record(fault)
        step = rule.next_step(session, fault)
        assert isinstance(step, PollAgain)
        delays.append(step.delay)
    assert delays == pytest.approx([1.0, 1.6, 2.56, 4.096])


def test_a_new_session_is_polled_when_it_is_worth_it() -> None:
    clock, schedule = ManualClock(), taught()
    rule, young = policy(schedule, clock), a_session(1, clock)
    assert young.created_monotonic + 3.0 < rule.first_poll(young) < young.created_monotonic + 10.0
    clock.advance(30.0)
    assert rule.first_poll(a_session(2, clock)) > clock.monotonic()


def test_one_that_is_told_of_late_goes_before_those_that_are_due_since_then() -> None:
    clock = ManualClock()
    rule, heap = policy(taught(), clock), scheduler(clock)
    late = a_session(1, clock)
    clock.advance(30.0)
    due = a_session(2, clock)
    heap.add(due, clock.monotonic() - 5.0)
    heap.add(late, rule.first_poll(late))
    found = heap.poll_next(clock.monotonic())
    assert isinstance(found, Due)
    assert found.session is late


def test_one_that_aws_has_forgotten_does_not() -> None:
    clock = ManualClock()
    rule, stale = policy(taught(), clock), a_session(1, clock)
    clock.advance(180.0)
    assert rule.first_poll(stale) == clock.monotonic()


def test_with_plain_backoff_a_new_session_is_polled_at_once() -> None:
    clock = ManualClock()
    assert PollPolicy(backoff(1.0, 10.0, 1.6, 0.0), clock).first_poll(a_session(1, clock)) == clock.monotonic()


def test_the_first_poll_is_never_after_the_last_ones_moment() -> None:
    clock = ManualClock()
    session = a_session(1, clock, lifetime=2.0)
    assert policy(taught(), clock).first_poll(session) <= final_poll_at(session)


def test_a_session_that_never_ends_is_polled_at_its_last_moment_and_seldom_before() -> None:
    clock = ManualClock()
    begun, end = life(clock, policy(taught(), clock), a_session(1, clock), lambda _: WAITING)
    assert begun[-1] == pytest.approx(179.0)
    assert end == Ended(WAITING)
    late = [at for at in begun if at > 100.0]
    assert len(late) < 15


def test_a_last_poll_that_was_brought_forward_is_followed_by_another_while_there_is_time() -> None:
    clock = ManualClock()
    session: Session = a_session(1, clock)
    session.final_poll, session.final_poll_by = FinalPoll.BROUGHT_FORWARD, session.deadline - 8.0
    begun, end = life(clock, policy(Schedule(), clock), session, lambda _: WAITING)
    assert 172.0 in [pytest.approx(at) for at in begun]
    assert begun[-1] == pytest.approx(179.0)
    assert end == Ended(WAITING)


def test_an_ended_session_no_longer_counts_as_in_flight() -> None:
    clock, schedule = ManualClock(), taught()
    rule, session = policy(schedule, clock), a_session(1, clock)
    rule.first_poll(session)
    plan = session.planned_for
    assert plan is not None
    assert plan.count == 1
    clock.advance(20.0)
    rule.next_step(session, an_answer(SessionStatus.SUCCEEDED))
    assert (session.planned_for, plan.count) == (None, 0)
