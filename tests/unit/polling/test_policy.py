import pytest
from tenacity import RetryCallState, Retrying, wait_fixed

from tests.support import ManualClock
from tests.unit.support.builders import a_session, an_answer
from tests.unit.support.polling import CREATED, WAITING, life, policy, steps, waits
from watcher.domain.errors import (
    AccessDenied,
    MalformedResult,
    PollError,
    RejectedByService,
    ServerFault,
    SessionNotFound,
    Throttled,
    UnknownStatus,
    UnreadableAnswer,
)
from watcher.domain.model import SessionStatus
from watcher.polling.policy import Ended, PollAgain
from watcher.polling.strategies import NOT_FOUND_GRACE, UNREADABLE_LIMIT


@pytest.mark.parametrize("status", [SessionStatus.SUCCEEDED, SessionStatus.FAILED, SessionStatus.EXPIRED])
def test_a_terminal_status_ends_at_once(status: SessionStatus) -> None:
    clock = ManualClock()
    answer = an_answer(status)
    assert steps(a_session(1, clock), policy(clock), [answer]) == [Ended(answer)]


@pytest.mark.parametrize("fault", [RejectedByService("x"), MalformedResult("x")])
def test_a_permanent_fault_ends_at_once(fault: PollError) -> None:
    clock = ManualClock()
    assert steps(a_session(1, clock), policy(clock), [fault]) == [Ended(fault)]


def test_a_session_past_its_deadline_gets_its_one_poll_and_no_more() -> None:
    clock = ManualClock()
    session = a_session(1, clock)
    clock.advance(500.0)
    assert steps(session, policy(clock), [WAITING]) == [Ended(WAITING)]


def test_an_answer_past_the_deadline_still_counts() -> None:
    clock = ManualClock()
    session = a_session(1, clock)
    clock.advance(500.0)
    succeeded = an_answer(SessionStatus.SUCCEEDED, 99.0)
    assert steps(session, policy(clock), [succeeded]) == [Ended(succeeded)]


def test_the_wall_clock_may_jump_without_moving_a_deadline() -> None:
    clock = ManualClock()
    session, rule = a_session(1, clock), policy(clock)
    clock.set_wall(0.0)
    assert steps(session, rule, [WAITING]) == [PollAgain(1.0)]


@pytest.mark.parametrize(
    ("age", "goes_on"), [(0.0, True), (NOT_FOUND_GRACE - 0.01, True), (NOT_FOUND_GRACE, False), (60.0, False)]
)
def test_not_found_is_tolerated_only_in_the_first_seconds_from_the_creation(age: float, goes_on: bool) -> None:
    clock = ManualClock()
    session = a_session(1, clock)
    clock.advance(age)
    [step] = steps(session, policy(clock), [SessionNotFound("x")])
    assert isinstance(step, PollAgain) == goes_on


def test_not_found_after_an_answer_is_final_once_the_grace_is_over() -> None:
    clock = ManualClock()
    session, rule, gone = a_session(1, clock), policy(clock), SessionNotFound("x")
    assert isinstance(steps(session, rule, [CREATED])[0], PollAgain)
    clock.advance(30.0)
    assert steps(session, rule, [gone]) == [Ended(gone)]


def test_a_session_that_is_never_found_ends_with_its_grace() -> None:
    clock = ManualClock()
    gone = SessionNotFound("x")
    begun, end = life(clock, policy(clock), a_session(1, clock), lambda _: gone)
    assert begun == pytest.approx([0.0, 1.0, 2.6, 5.16])
    assert end == Ended(gone)


def test_answers_that_cannot_be_read_end_after_a_few_in_a_row() -> None:
    clock = ManualClock()
    page = UnreadableAnswer("x")
    found = steps(a_session(1, clock), policy(clock), [page] * UNREADABLE_LIMIT)
    assert [isinstance(step, PollAgain) for step in found] == [True] * (UNREADABLE_LIMIT - 1) + [False]


def test_a_readable_answer_between_begins_the_count_of_unreadable_ones_anew() -> None:
    clock = ManualClock()
    page = [UnreadableAnswer("x")] * (UNREADABLE_LIMIT - 1)
    found = steps(a_session(1, clock), policy(clock), [*page, WAITING, *page])
    assert all(isinstance(step, PollAgain) for step in found)


@pytest.mark.parametrize("fault", [UnknownStatus("x", "PAUSED"), AccessDenied("x"), Throttled("x"), ServerFault("x")])
def test_what_may_pass_is_waited_for_to_the_deadline(fault: PollError) -> None:
    clock = ManualClock()
    begun, end = life(clock, policy(clock), a_session(1, clock), lambda _: fault)
    assert begun[-2:] == pytest.approx([179.0, 180.0])
    assert end == Ended(fault)


def test_a_last_poll_that_fails_is_tried_again_until_the_deadline() -> None:
    clock = ManualClock()
    session = a_session(1, clock)
    clock.advance(179.0)
    rule = policy(clock, low=0.4)
    assert waits(steps(session, rule, [Throttled("x")])) == pytest.approx([0.4])
    clock.advance(0.4)
    assert steps(session, rule, [WAITING]) == [Ended(WAITING)]


def test_tenacity_still_has_what_the_policy_relies_on() -> None:
    """Contract with the library: a call state without a function, numbered by hand, and strategies to be called."""
    retrying = Retrying(wait=wait_fixed(3), stop=lambda state: state.attempt_number > 6, retry=lambda _: True)
    state = RetryCallState(retrying, fn=None, args=("session",), kwargs={})
    assert state.args == ("session",)
    assert state.outcome is None
    state.attempt_number = 7
    error = Throttled("x")
    state.set_exception((Throttled, error, None))
    assert state.outcome is not None
    assert state.outcome.failed
    assert state.outcome.exception() is error
    assert retrying.stop(state)
    assert retrying.retry(state)
    assert retrying.wait(state) == 3
    answered = RetryCallState(retrying, fn=None, args=(), kwargs={})
    answered.set_result("answer")
    assert answered.outcome is not None
    assert not answered.outcome.failed
    assert answered.outcome.result() == "answer"
