import random
from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tenacity import RetryCallState, Retrying, wait_fixed

from tests.support import ManualClock
from tests.unit.fakes import a_watch, an_answer
from watcher.errors import (
    AccessDenied,
    CallTimedOut,
    MalformedResult,
    PollError,
    RejectedByService,
    ServerFault,
    SessionNotFound,
    Throttled,
    UnknownStatus,
    UnreadableAnswer,
)
from watcher.model import SessionStatus
from watcher.policy import (
    NOT_FOUND_GRACE,
    UNREADABLE_LIMIT,
    Ended,
    Observation,
    PollAgain,
    PollPolicy,
    backoff,
    last_poll_at,
)
from watcher.watch import Watch

WAITING = an_answer(SessionStatus.IN_PROGRESS)
CREATED = an_answer(SessionStatus.CREATED)


def policy(
    clock: ManualClock, low: float = 1.0, high: float = 10.0, factor: float = 1.6, jitter: float = 0.0
) -> PollPolicy:
    return PollPolicy(backoff(low, high, factor, jitter), clock)


def life(
    clock: ManualClock, policy: PollPolicy, watch: Watch, answer: Callable[[int], Observation], call: float = 0.0
) -> tuple[list[float], Ended]:
    """Poll a watch with ideal timing; the seconds from its birth at which each poll began, and the end."""
    begun: list[float] = []
    for number in range(5000):
        begun.append(clock.monotonic() - watch.born)
        clock.advance(call)
        observation = answer(number)
        watch.saw(observation)
        step = policy.next_step(watch, observation)
        if isinstance(step, Ended):
            return begun, step
        clock.advance(step.delay)
    raise AssertionError("the session never ends")


def steps(watch: Watch, policy: PollPolicy, observations: Iterable[Observation]) -> list[PollAgain | Ended]:
    """What comes next after each observation, while time stands still."""
    found: list[PollAgain | Ended] = []
    for observation in observations:
        watch.saw(observation)
        found.append(policy.next_step(watch, observation))
    return found


def waits(found: Iterable[PollAgain | Ended]) -> list[float]:
    return [step.delay for step in found if isinstance(step, PollAgain)]


def test_a_session_is_polled_at_these_very_seconds() -> None:
    clock = ManualClock()
    begun, end = life(clock, policy(clock), a_watch(1, clock), lambda _: WAITING)
    backed_off = [0.0, 1.0, 2.6, 5.16, 9.256, 15.8096]
    every_ten = [25.8096 + 10 * number for number in range(16)]
    assert begun == pytest.approx([*backed_off, *every_ten, 179.0])
    assert end == Ended(WAITING)


def test_a_short_time_out_keeps_its_last_poll_a_twentieth_before_the_end() -> None:
    clock = ManualClock()
    watch = a_watch(1, clock)
    watch.deadline = watch.born + 4.0
    begun, _ = life(clock, policy(clock), watch, lambda _: WAITING)
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
    watch = a_watch(1, clock)
    watch.deadline = watch.born + timeout
    high = low * span
    policy = PollPolicy(backoff(low, high, factor, jitter, chance.uniform), clock)
    begun, end = life(clock, policy, watch, lambda _: WAITING, call)
    kept = last_poll_at(watch) - watch.born
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
    watch = a_watch(1, clock)
    rule = PollPolicy(backoff(1.0, 10.0, 1.6, jitter, chance.uniform), clock)
    begun, _ = life(clock, rule, watch, lambda number: met[kinds[number % len(kinds)]], 0.25)
    assert begun[-1] <= 180.0 + 1e-6
    assert begun[-1] + 0.25 >= 179.0 - 1e-6
    assert all(after - before <= 10.25 + 1e-6 for before, after in pairwise(begun))


@pytest.mark.parametrize("status", [SessionStatus.SUCCEEDED, SessionStatus.FAILED, SessionStatus.EXPIRED])
def test_a_terminal_status_ends_at_once(status: SessionStatus) -> None:
    clock = ManualClock()
    answer = an_answer(status)
    assert steps(a_watch(1, clock), policy(clock), [answer]) == [Ended(answer)]


@pytest.mark.parametrize("fault", [RejectedByService("x"), MalformedResult("x")])
def test_a_permanent_fault_ends_at_once(fault: PollError) -> None:
    clock = ManualClock()
    assert steps(a_watch(1, clock), policy(clock), [fault]) == [Ended(fault)]


def test_a_session_past_its_deadline_gets_its_one_poll_and_no_more() -> None:
    clock = ManualClock()
    watch = a_watch(1, clock)
    clock.advance(500.0)
    assert steps(watch, policy(clock), [WAITING]) == [Ended(WAITING)]


def test_an_answer_past_the_deadline_still_counts() -> None:
    clock = ManualClock()
    watch = a_watch(1, clock)
    clock.advance(500.0)
    succeeded = an_answer(SessionStatus.SUCCEEDED, 99.0)
    assert steps(watch, policy(clock), [succeeded]) == [Ended(succeeded)]


def test_a_redelivery_does_not_restart_the_clock() -> None:
    """A watch made of a second delivery 100 s after the creation ends 80 s later, at its deadline."""
    clock = ManualClock()
    watch = a_watch(1, clock)
    clock.advance(100.0)
    begun, _ = life(clock, policy(clock), watch, lambda _: WAITING)
    assert begun[0] == 100.0
    assert begun[-1] == pytest.approx(179.0)


def test_the_wall_clock_may_jump_without_moving_a_deadline() -> None:
    clock = ManualClock()
    watch, rule = a_watch(1, clock), policy(clock)
    clock.set_wall(0.0)
    assert steps(watch, rule, [WAITING]) == [PollAgain(1.0)]


def test_faults_back_off_on_their_own_and_are_forgotten_after_an_answer() -> None:
    clock = ManualClock()
    fault = Throttled("x")
    found = steps(a_watch(1, clock), policy(clock), [WAITING, WAITING, fault, fault, fault, WAITING, fault, WAITING])
    assert waits(found) == pytest.approx([1.0, 1.6, 1.0, 1.6, 2.56, 2.56, 1.0, 4.096])


@pytest.mark.parametrize(
    ("age", "goes_on"), [(0.0, True), (NOT_FOUND_GRACE - 0.01, True), (NOT_FOUND_GRACE, False), (60.0, False)]
)
def test_not_found_is_tolerated_only_in_the_first_seconds_from_the_creation(age: float, goes_on: bool) -> None:
    clock = ManualClock()
    watch = a_watch(1, clock)
    clock.advance(age)
    [step] = steps(watch, policy(clock), [SessionNotFound("x")])
    assert isinstance(step, PollAgain) == goes_on


def test_not_found_after_an_answer_is_final_once_the_grace_is_over() -> None:
    clock = ManualClock()
    watch, rule, gone = a_watch(1, clock), policy(clock), SessionNotFound("x")
    assert isinstance(steps(watch, rule, [CREATED])[0], PollAgain)
    clock.advance(30.0)
    assert steps(watch, rule, [gone]) == [Ended(gone)]


def test_a_session_that_is_never_found_ends_with_its_grace() -> None:
    clock = ManualClock()
    gone = SessionNotFound("x")
    begun, end = life(clock, policy(clock), a_watch(1, clock), lambda _: gone)
    assert begun == pytest.approx([0.0, 1.0, 2.6, 5.16])
    assert end == Ended(gone)


def test_answers_that_cannot_be_read_end_after_a_few_in_a_row() -> None:
    clock = ManualClock()
    page = UnreadableAnswer("x")
    found = steps(a_watch(1, clock), policy(clock), [page] * UNREADABLE_LIMIT)
    assert [isinstance(step, PollAgain) for step in found] == [True] * (UNREADABLE_LIMIT - 1) + [False]


def test_a_readable_answer_between_begins_the_count_of_unreadable_ones_anew() -> None:
    clock = ManualClock()
    page = [UnreadableAnswer("x")] * (UNREADABLE_LIMIT - 1)
    found = steps(a_watch(1, clock), policy(clock), [*page, WAITING, *page])
    assert all(isinstance(step, PollAgain) for step in found)


@pytest.mark.parametrize("fault", [UnknownStatus("x", "PAUSED"), AccessDenied("x"), Throttled("x"), ServerFault("x")])
def test_what_may_pass_is_waited_for_to_the_deadline(fault: PollError) -> None:
    clock = ManualClock()
    begun, end = life(clock, policy(clock), a_watch(1, clock), lambda _: fault)
    assert begun[-2:] == pytest.approx([179.0, 180.0])
    assert end == Ended(fault)


def test_a_last_poll_that_fails_is_tried_again_until_the_deadline() -> None:
    clock = ManualClock()
    watch = a_watch(1, clock)
    clock.advance(179.0)
    rule = policy(clock, low=0.4)
    assert waits(steps(watch, rule, [Throttled("x")])) == pytest.approx([0.4])
    clock.advance(0.4)
    assert steps(watch, rule, [WAITING]) == [Ended(WAITING)]


def test_the_jitter_spreads_the_first_wait_too() -> None:
    clock = ManualClock()
    rule = policy(clock, jitter=0.2)
    first = {wait for number in range(50) for wait in waits(steps(a_watch(number, clock), rule, [WAITING]))}
    assert len(first) > 40
    assert all(1.0 <= wait <= 1.2 for wait in first)


def test_no_count_of_answers_is_too_great_for_the_backoff() -> None:
    clock = ManualClock()
    watch = a_watch(1, clock)
    watch.answers = 10**6
    assert steps(watch, policy(clock), [WAITING]) == [PollAgain(10.0)]


def test_one_policy_serves_many_sessions_without_mixing_them_up() -> None:
    clock = ManualClock()
    rule = policy(clock)
    first, second = a_watch(1, clock), a_watch(2, clock)
    assert waits(steps(first, rule, [WAITING, WAITING, WAITING])) == pytest.approx([1.0, 1.6, 2.56])
    assert steps(second, rule, [WAITING]) == [PollAgain(1.0)]


def test_tenacity_still_has_what_the_policy_relies_on() -> None:
    """Contract with the library: a call state without a function, numbered by hand, and strategies to be called."""
    retrying = Retrying(wait=wait_fixed(3), stop=lambda state: state.attempt_number > 6, retry=lambda _: True)
    state = RetryCallState(retrying, fn=None, args=("watch",), kwargs={})
    assert state.args == ("watch",)
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
