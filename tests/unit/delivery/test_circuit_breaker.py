import pytest
from tenacity import Future, RetryCallState, Retrying

from watcher.delivery.circuit_breaker import (
    FAILURES,
    LONGEST_ASKED_WAIT,
    LONGEST_WAIT,
    MAX_FAILING_TIME,
    NO_ANSWER,
    SHORTEST_REST,
    CircuitBreaker,
)
from watcher.domain.errors import LedgerError, SinkError


def after(error: BaseException, attempt: int = 1) -> RetryCallState:
    """What tenacity tells of a call whose latest try ended with this."""
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = attempt
    state.outcome = Future.construct(attempt, error, has_exception=True)
    return state


def opened() -> CircuitBreaker:
    circuit = CircuitBreaker()
    for _ in range(FAILURES):
        circuit.record_failure(0.0)
    return circuit


def test_it_opens_at_the_fifth_failure_in_a_row_and_says_so_once() -> None:
    circuit = CircuitBreaker()
    assert [circuit.record_failure(0.0) for _ in range(7)] == [False, False, False, False, True, False, False]
    assert circuit.is_open


def test_a_success_begins_the_count_anew() -> None:
    circuit = CircuitBreaker()
    for _ in range(3):
        for _ in range(FAILURES - 1):
            assert not circuit.record_failure(0.0)
        assert circuit.record_success(0.0) is None
    assert not circuit.is_open


def test_failures_that_take_long_open_it_sooner() -> None:
    circuit = CircuitBreaker()
    assert not circuit.record_failure(100.0)
    assert not circuit.record_failure(100.0 + MAX_FAILING_TIME - 0.1)
    assert circuit.record_failure(100.0 + MAX_FAILING_TIME)


def test_a_backend_that_never_answers_is_down_after_one_attempt() -> None:
    assert CircuitBreaker().record_failure(100.0 + NO_ANSWER, begun=100.0)
    assert not CircuitBreaker().record_failure(100.0 + NO_ANSWER, begun=100.1)


def test_a_backend_that_is_slow_to_fail_has_failed_since_it_was_asked() -> None:
    circuit = CircuitBreaker()
    assert not circuit.record_failure(109.0, begun=100.0)
    assert not circuit.record_failure(119.0, begun=110.0)
    assert circuit.record_failure(120.0, begun=119.5)


def test_the_time_counts_from_the_first_failure_after_a_success() -> None:
    circuit = CircuitBreaker()
    circuit.record_failure(0.0)
    circuit.record_success(50.0)
    assert not circuit.record_failure(100.0)
    assert not circuit.record_failure(110.0)


@pytest.mark.parametrize(("asked", "opens"), [(None, False), (LONGEST_WAIT, False), (LONGEST_WAIT + 1, True)])
def test_a_backend_that_asks_for_a_long_time_counts_as_down_at_once(asked: float | None, opens: bool) -> None:
    assert CircuitBreaker().record_failure(0.0, asked) is opens


def test_the_first_success_closes_it_and_tells_how_long_all_had_failed() -> None:
    circuit = CircuitBreaker()
    for second in range(FAILURES):
        circuit.record_failure(10.0 + second)
    assert circuit.record_success(40.0) == 30.0
    assert not circuit.is_open
    assert circuit.record_success(41.0) is None


def test_while_it_is_closed_the_pauses_grow_from_short_to_their_limit() -> None:
    circuit = CircuitBreaker()
    pauses = [[circuit.pause(after(SinkError("x"), attempt)) for _ in range(200)] for attempt in (1, 2, 20)]
    assert max(pauses[0]) <= 0.4
    assert max(pauses[1]) <= 0.8
    assert 10.0 < max(pauses[2]) <= LONGEST_WAIT


def test_while_it_is_open_trials_are_neither_hurried_nor_late() -> None:
    circuit = opened()
    pauses = [circuit.pause(after(SinkError("x"))) for _ in range(200)]
    assert SHORTEST_REST <= min(pauses) < max(pauses) <= LONGEST_WAIT


@pytest.mark.parametrize(("asked", "waited"), [(30.0, 30.0), (LONGEST_ASKED_WAIT, 240.0), (3600.0, 240.0)])
@pytest.mark.parametrize("circuit", [CircuitBreaker(), opened()], ids=["closed", "open"])
def test_a_backend_that_asks_for_time_gets_it_up_to_a_limit(
    circuit: CircuitBreaker, asked: float, waited: float
) -> None:
    assert circuit.pause(after(SinkError("busy", asked))) == waited


@pytest.mark.parametrize("error", [SinkError("busy", 1.0), SinkError("busy"), LedgerError("locked")])
def test_a_short_time_asked_for_makes_no_trial_earlier(error: Exception) -> None:
    assert opened().pause(after(error)) >= SHORTEST_REST
