import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import ManualClock
from tests.unit.support.builders import a_session
from tests.unit.support.polling import WAITING, life, policy, steps, waits
from watcher.domain.errors import (
    AccessDenied,
    CallTimedOut,
    Throttled,
    UnknownStatus,
)
from watcher.polling.final_poll import final_poll_at
from watcher.polling.policy import Ended, Observation, PollAgain, PollPolicy
from watcher.polling.strategies import backoff


def test_a_session_is_polled_at_these_very_seconds() -> None:
    clock = ManualClock()
    begun, end = life(clock, policy(clock), a_session(1, clock), lambda _: WAITING)
    backed_off = [0.0, 1.0, 2.6, 5.16, 9.256, 15.8096]
    every_ten = [25.8096 + 10 * number for number in range(16)]
    assert begun == pytest.approx([*backed_off, *every_ten, 179.0])
    assert end == Ended(WAITING)


def test_a_short_time_out_keeps_its_last_poll_a_twentieth_before_the_end() -> None:
    clock = ManualClock()
    session = a_session(1, clock, lifetime=4.0)
    begun, _ = life(clock, policy(clock), session, lambda _: WAITING)
    assert begun == pytest.approx([0.0, 1.0, 2.6, 3.8])


@given(
    low=st.floats(0.05, 20.0),
    span=st.floats(1.0, 10.0),
    factor=st.floats(1.0, 4.0),
    jitter=st.floats(0.0, 1.0),
    timeout=st.floats(1.0, 180.0),
    call=st.floats(0.001, 0.5),
    chance=st.randoms(use_true_random=False),
)
def test_waits_stay_within_their_bounds_and_one_poll_is_kept_for_the_deadline(
    *, low: float, span: float, factor: float, jitter: float, timeout: float, call: float, chance: random.Random
) -> None:
    clock = ManualClock()
    session = a_session(1, clock, lifetime=timeout)
    high = low * span
    policy = PollPolicy(backoff(low, high, factor, jitter, chance.uniform), clock)
    begun, end = life(clock, policy, session, lambda _: WAITING, call)
    kept = final_poll_at(session) - session.created_monotonic
    assert 0 < timeout - kept <= 1.0 + 1e-6
    assert end == Ended(WAITING)
    waited = [after - before - call for before, after in pairwise(begun)]
    assert all(wait <= high + 1e-6 for wait in waited)
    assert all(wait >= low - 1e-6 for wait in waited[:-1])
    # The answer of the last poll came after the moment that is kept for it, and no poll before it was so late.
    assert begun[-1] + call >= kept
    assert all(at + call < kept for at in begun[:-1])
    assert begun[-1] <= max(kept + 1e-6, 0.0)


@given(
    st.lists(st.sampled_from(["answer", "throttle", "fault", "denied", "unknown"]), min_size=1, max_size=60),
    st.floats(0.0, 1.0),
    st.randoms(use_true_random=False),
)
def test_whatever_a_session_meets_no_poll_begins_after_its_deadline(
    kinds: list[str], jitter: float, chance: random.Random
) -> None:
    met: dict[str, Observation] = {
        "answer": WAITING,
        "throttle": Throttled("x"),
        "fault": CallTimedOut("x"),
        "denied": AccessDenied("x"),
        "unknown": UnknownStatus("x", "PAUSED"),
    }
    clock = ManualClock()
    session = a_session(1, clock)
    rule = PollPolicy(backoff(1.0, 10.0, 1.6, jitter, chance.uniform), clock)
    begun, _ = life(clock, rule, session, lambda number: met[kinds[number % len(kinds)]], 0.25)
    assert begun[-1] <= 180.0 + 1e-6
    assert begun[-1] + 0.25 >= 179.0 - 1e-6
    assert all(after - before <= 10.25 + 1e-6 for before, after in pairwise(begun))


def test_a_redelivery_does_not_restart_the_clock() -> None:
    """A session made of a second delivery 100 s after the creation ends 80 s later, at its deadline."""
    clock = ManualClock()
    session = a_session(1, clock)
    clock.advance(100.0)
    begun, _ = life(clock, policy(clock), session, lambda _: WAITING)
    assert begun[0] == 100.0
    assert begun[-1] == pytest.approx(179.0)


def test_faults_back_off_on_their_own_and_are_forgotten_after_an_answer() -> None:
    clock = ManualClock()
    fault = Throttled("x")
    found = steps(
        a_session(1, clock), policy(clock), [WAITING, WAITING, fault, fault, fault, WAITING, fault, WAITING]
    )
    assert waits(found) == pytest.approx([1.0, 1.6, 1.0, 1.6, 2.56, 2.56, 1.0, 4.096])


def test_the_jitter_spreads_the_first_wait_too() -> None:
    clock = ManualClock()
    rule = policy(clock, jitter=0.2)
    first = {wait for number in range(50) for wait in waits(steps(a_session(number, clock), rule, [WAITING]))}
    assert len(first) > 40
    assert all(1.0 <= wait <= 1.2 for wait in first)


def test_no_count_of_answers_is_too_great_for_the_backoff() -> None:
    clock = ManualClock()
    session = a_session(1, clock)
    for _ in range(2000):  # 1.6 to the power of 1511 is too great for a float
        session.record(WAITING)
    assert steps(session, policy(clock), [WAITING]) == [PollAgain(10.0)]


def test_one_policy_serves_many_sessions_without_mixing_them_up() -> None:
    clock = ManualClock()
    rule = policy(clock)
    first, second = a_session(1, clock), a_session(2, clock)
    assert waits(steps(first, rule, [WAITING, WAITING, WAITING])) == pytest.approx([1.0, 1.6, 2.56])
    assert steps(second, rule, [WAITING]) == [PollAgain(1.0)]
