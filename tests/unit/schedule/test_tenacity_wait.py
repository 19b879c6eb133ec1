import random

import pytest
from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt, wait_fixed

from tests.unit.schedule.sessions import lasts, watch
from watcher.schedule import Schedule, Session, wait_learned

TAUGHT = Schedule()
_chance = random.Random(1)
for _ in range(300):
    watch(lambda low, high, over: TAUGHT.saw("", low, high, ended=over), lasts(_chance), 2.0, _chance)


def state_of(age: float) -> RetryCallState:
    state = RetryCallState(Retrying(), fn=None, args=(), kwargs={})
    state.start_time, state.outcome_timestamp = 100.0, 100.0 + age
    return state


def answered(age: float) -> RetryCallState:
    state = state_of(age)
    state.set_result("waiting")
    state.outcome_timestamp = 100.0 + age
    return state


def failed(age: float) -> RetryCallState:
    state = state_of(age)
    error = ConnectionError("down")
    state.set_exception((type(error), error, None))
    state.outcome_timestamp = 100.0 + age
    return state


def test_after_an_answer_the_schedule_is_asked_for_the_age_since_the_first_attempt() -> None:
    wait = wait_learned(TAUGHT, wait_fixed(3.0), jitter=0.0, now=lambda: 0.0)
    expected = TAUGHT.wait(Session(), "", 18.0, 0.0, fallback=lambda: 3.0, least=1.0, most=10.0)
    assert wait(answered(18.0)) == pytest.approx(expected)
    assert wait(answered(18.0)) < wait(answered(120.0))


@pytest.mark.parametrize("age", [1.0, 18.0, 120.0])
def test_after_a_fault_it_is_always_the_fallback(age: float) -> None:
    assert wait_learned(TAUGHT, wait_fixed(3.0))(failed(age)) == 3.0


def test_each_attempt_is_a_session_of_its_own_that_is_forgotten_with_it() -> None:
    schedule = Schedule(lambda: 2.0)
    wait = wait_learned(schedule, wait_fixed(3.0), now=lambda: 100.0)
    states = [answered(1.0) for _ in range(5)]
    for state in (*states, *states):
        wait(state)
    assert schedule._threshold.in_flight == len(wait._sessions) == 5
    del states, state
    assert len(wait._sessions) == 0


def test_before_anything_is_known_it_is_the_fallback() -> None:
    wait = wait_learned(Schedule(), wait_fixed(3.0))
    assert wait(answered(18.0)) == 3.0
    assert wait.first(state_of(0.0)) == 0.0


def test_the_first_attempt_waits_as_well() -> None:
    assert wait_learned(TAUGHT, wait_fixed(3.0)).first(state_of(0.0)) > 3.0


def test_jitter_is_around_what_is_best() -> None:
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return low

    wait = wait_learned(TAUGHT, wait_fixed(3.0), jitter=0.2, now=lambda: 0.0, uniform=uniform)
    plain = wait_learned(TAUGHT, wait_fixed(3.0), jitter=0.0, now=lambda: 0.0)
    assert wait(answered(100.0)) == pytest.approx(
        0.9 * TAUGHT.wait(Session(), "", 100.0, 0.0, fallback=lambda: 3.0, least=1, most=99)
    )
    assert asked == [(0.9, 1.1)]
    assert plain(answered(100.0)) <= 10.0


def test_it_is_a_wait_like_any_other_of_tenacity() -> None:
    slept: list[float] = []
    poll = Retrying(
        wait=wait_learned(TAUGHT, wait_fixed(3.0)) + wait_fixed(1.0),
        retry=retry_if_result(lambda answer: answer is None),
        stop=stop_after_attempt(4),
        retry_error_callback=lambda state: state.attempt_number,
        sleep=slept.append,
    )
    assert poll(lambda: None) == 4
    assert len(slept) == 3
    assert all(2.0 <= seconds <= 11.0 for seconds in slept)
