from threading import Event

import pytest
from structlog.testing import capture_logs

from tests.support import ManualClock
from tests.unit.support.fakes import PATIENCE
from watcher.domain.errors import SinkGone
from watcher.util.clock import SystemClock
from watcher.util.threads import Threads, run_within


def die_of(error: BaseException) -> tuple[list[tuple[str, BaseException]], list[str]]:
    """What is told and logged when a thread ends with this error."""
    deaths: list[tuple[str, BaseException]] = []
    threads = Threads(SystemClock(), lambda role, error: deaths.append((role, error)))

    def target() -> None:
        raise error

    with capture_logs() as logs:
        threads.start("worker", target)
        assert threads.join(["worker"], SystemClock().monotonic() + PATIENCE)
    return deaths, [entry["log_level"] for entry in logs]


def test_a_thread_that_dies_is_told_with_its_role_and_error() -> None:
    error = ZeroDivisionError()
    assert die_of(error) == ([("worker", error)], ["critical"])


def test_an_error_of_the_watcher_s_own_needs_no_traceback() -> None:
    error = SinkGone("closed")
    assert die_of(error) == ([("worker", error)], [])


def test_even_an_exit_of_a_thread_is_a_death() -> None:
    deaths, _ = die_of(SystemExit(0))
    assert len(deaths) == 1


def test_a_thread_that_ends_as_it_should_is_no_death() -> None:
    deaths: list[object] = []
    threads = Threads(SystemClock(), lambda *death: deaths.append(death))
    threads.start("worker", lambda: None)
    assert threads.join(["worker"], SystemClock().monotonic() + PATIENCE)
    assert deaths == []


def test_joining_stops_waiting_at_the_deadline() -> None:
    clock, release = ManualClock(), Event()
    threads = Threads(clock, lambda *_: None)

    def wait() -> None:
        release.wait(PATIENCE)

    threads.start("stuck", wait)
    try:
        assert not threads.join(["stuck", "nobody"], clock.monotonic() - 1.0)
    finally:
        release.set()
    assert threads.join(["stuck"], clock.monotonic() + PATIENCE)


def test_a_dismissed_thread_dies_unheard() -> None:
    deaths: list[object] = []
    threads, go = Threads(SystemClock(), lambda *death: deaths.append(death)), Event()

    def target() -> None:
        go.wait(PATIENCE)
        raise ZeroDivisionError

    threads.start("worker", target)
    threads.dismiss()
    with capture_logs() as logs:
        go.set()
        threads.join(["worker"], SystemClock().monotonic() + PATIENCE)
    assert deaths == []
    assert logs == []


def test_work_that_is_not_over_in_time_is_left_behind() -> None:
    gate, over, clock = Event(), Event(), SystemClock()

    def work() -> None:
        gate.wait(PATIENCE)
        over.set()

    assert not run_within(clock.monotonic() + 0.05, work, clock)
    assert not run_within(clock.monotonic() - 1.0, work, clock)
    gate.set()
    assert over.wait(PATIENCE)
    assert run_within(clock.monotonic() + PATIENCE, work, clock)


def test_work_that_fails_in_time_fails_where_it_is_waited_for() -> None:
    def work() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_within(SystemClock().monotonic() + PATIENCE, work, SystemClock())
