"""tenacity's strategies for one session."""

from collections.abc import Callable

import pytest
from tenacity import RetryCallState, Retrying

from tests.support import ManualClock
from tests.unit.support.builders import a_session, an_answer
from watcher.domain.errors import (
    AccessDenied,
    CallTimedOut,
    PollError,
    SessionNotFound,
    Throttled,
    UnknownStatus,
    UnreadableAnswer,
)
from watcher.domain.model import SessionStatus
from watcher.polling.strategies import (
    NOT_FOUND_GRACE,
    UNREADABLE_LIMIT,
    backoff,
    retry_passing_fault,
    stop_at_deadline,
)
from watcher.sessions.session import Session


def state(session: Session, attempt: int = 1, fault: BaseException | None = None) -> RetryCallState:
    made = RetryCallState(Retrying(), None, (session,), {})
    made.attempt_number = attempt
    if fault is not None:
        made.set_exception((type(fault), fault, None))
    return made


@pytest.mark.parametrize(
    ("choose", "expected"), [(min, [1.0, 1.536, 2.4576, 8.0, 8.0]), (max, [1.2, 1.92, 3.072, 10.0, 10.0])]
)
def test_waits_grow_and_chance_keeps_them_in_their_bounds(
    choose: Callable[[float, float], float], expected: list[float]
) -> None:
    wait, session = backoff(1.0, 10.0, 1.6, 0.2, choose), a_session()
    assert [wait(state(session, attempt)) for attempt in (1, 2, 3, 8, 100)] == pytest.approx(expected)


def test_the_first_wait_is_random_although_it_is_the_least() -> None:
    bounds: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        bounds.append((low, high))
        return low

    backoff(2.0, 10.0, 1.6, 0.5, uniform)(state(a_session()))
    assert bounds == [(2.0, 3.0)]


def test_a_session_is_over_before_its_deadline_if_it_was_answered_and_else_at_it() -> None:
    clock = ManualClock()
    session, stop = a_session(1, clock), stop_at_deadline(clock)
    clock.advance(178.5)
    assert not stop(state(session))
    clock.advance(1.0)
    assert stop(state(session))
    assert not stop(state(session, fault=CallTimedOut("x")))
    clock.advance(0.5)
    assert stop(state(session, fault=CallTimedOut("x")))


@pytest.mark.parametrize(
    ("fault", "is_retried"),
    [
        (CallTimedOut("x"), True),
        (Throttled("x"), True),
        (AccessDenied("x"), True),
        (UnknownStatus("x", "PAUSED"), True),
        (ValueError("bug"), False),
    ],
)
def test_what_may_pass_is_retried(fault: BaseException, *, is_retried: bool) -> None:
    clock = ManualClock()
    assert retry_passing_fault(clock)(state(a_session(1, clock), fault=fault)) is is_retried


def test_an_unknown_id_may_be_too_early_for_a_moment() -> None:
    clock = ManualClock()
    session, retry = a_session(1, clock, sent_after=20.0), retry_passing_fault(clock)
    clock.advance(20.0 + NOT_FOUND_GRACE - 0.1)
    assert retry(state(session, fault=SessionNotFound("x")))
    clock.advance(0.1)
    assert not retry(state(session, fault=SessionNotFound("x")))


@pytest.mark.parametrize(("kind", "is_given_up"), [(UnreadableAnswer, True), (UnknownStatus, False)])
def test_answers_that_cannot_be_read_in_a_row_end_it(kind: type[PollError], *, is_given_up: bool) -> None:
    clock = ManualClock()
    session, retry = a_session(1, clock), retry_passing_fault(clock)
    fault = UnknownStatus("x", "PAUSED") if kind is UnknownStatus else UnreadableAnswer("x")
    for _ in range(UNREADABLE_LIMIT - 1):
        session.record(fault)
        assert retry(state(session, fault=fault))
    session.record(fault)
    assert retry(state(session, fault=fault)) is not is_given_up
    session.record(an_answer(SessionStatus.IN_PROGRESS))
    assert retry(state(session, fault=fault))
