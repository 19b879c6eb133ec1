"""`--wait` and `--decide` with a clock that only sleeping moves."""

import io
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, NoCredentialsError

from tests.unit.support.get_answers import SESSION_ID, answer, service_error
from watcher.app.reload import rules_of
from watcher.cli.get.decide_and_wait import wait_until_over
from watcher.cli.get.observed_session import Observed
from watcher.config import Settings


class Clock:
    """Stands still but for `sleep`."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def time(self) -> float:
        return 1_700_000_000 + self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def asking(*outcomes: Any) -> Any:
    """A call that gives these one after the other, the last one for ever."""
    left = list(outcomes)

    def ask() -> Any:
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return ask


def waited(ask: Any, stream: io.StringIO | None = None) -> tuple[Observed, bool, Clock]:
    clock = Clock()
    settings = Settings()
    observed = Observed(SESSION_ID, settings, clock)
    policy = rules_of(settings, clock).polling
    is_over = wait_until_over(observed, ask, policy, clock, sleep=clock.sleep, stream=stream or io.StringIO())
    return observed, is_over, clock


def test_waiting_ends_with_the_first_terminal_status() -> None:
    observed, is_over, clock = waited(asking(answer("CREATED"), answer("IN_PROGRESS"), answer("EXPIRED")))
    assert is_over
    assert observed.has_ended
    assert (observed.session.polls, len(clock.slept)) == (3, 2)


def test_waiting_ends_at_the_session_timeout() -> None:
    observed, is_over, clock = waited(asking(answer("IN_PROGRESS")))
    assert is_over
    assert not observed.has_ended
    assert 170 < clock.now - 1000 <= 180


def test_a_fault_that_may_pass_is_waited_out() -> None:
    faults = [service_error("ThrottlingException"), ConnectTimeoutError(endpoint_url="x"), service_error("X", 503)]
    observed, is_over, _ = waited(asking(*faults, answer("FAILED")))
    assert is_over
    assert observed.error is None
    assert observed.session.polls == 4


@pytest.mark.parametrize("error", [service_error("AccessDeniedException"), NoCredentialsError()])
def test_a_fault_of_the_operators_ends_the_wait_at_once(error: Exception) -> None:
    observed, is_over, clock = waited(asking(error))
    assert not is_over
    assert observed.error is error
    assert clock.slept == []


def test_a_session_that_is_not_there_yet_gets_the_daemons_grace() -> None:
    missing = service_error("SessionNotFoundException")
    observed, _, _ = waited(asking(missing, answer("FAILED")))
    assert observed.session.polls == 2
    observed, is_over, clock = waited(asking(missing))
    assert is_over
    assert clock.now - 1000 >= 5
    assert observed.error is missing


def test_progress_is_for_terminals_only_and_leaves_nothing_behind() -> None:
    plain, terminal = io.StringIO(), Terminal()
    for stream in (plain, terminal):
        waited(asking(answer("CREATED"), answer("FAILED")), stream)
    assert plain.getvalue() == ""
    assert "CREATED" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_an_interrupt_clears_the_progress_line() -> None:
    terminal = Terminal()
    with pytest.raises(KeyboardInterrupt):
        waited(asking(answer("CREATED"), KeyboardInterrupt()), terminal)
    assert terminal.getvalue().endswith("\r\x1b[K")
