"""The machine's clocks, and a wall clock that is set."""

import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.support import START, ManualClock
from watcher.daemon.clock_steps import ClockSteps
from watcher.util.clock import SystemClock, this_boot


def test_all_processes_of_a_boot_agree_on_its_number(tmp_path: Path) -> None:
    boot_id, namespace = tmp_path / "boot_id", tmp_path / "time"
    boot_id.write_text("a\n")
    namespace.touch()
    first = this_boot(boot_id, namespace)
    assert first is not None
    assert this_boot(boot_id, namespace) == first
    boot_id.write_text("b\n")
    assert this_boot(boot_id, namespace) != first
    boot_id.write_text("a\n")
    assert this_boot(boot_id, boot_id) != first, "another clock in the same boot"


def test_a_system_that_does_not_tell_has_no_number(tmp_path: Path) -> None:
    assert this_boot(tmp_path / "none", tmp_path) is None
    (tmp_path / "boot_id").touch()
    assert this_boot(tmp_path / "boot_id", tmp_path / "none") is None


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="this system has no CLOCK_BOOTTIME")
def test_the_monotonic_clock_goes_on_in_a_suspended_machine() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= SystemClock().monotonic() <= time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.mark.parametrize("step", [-3600.0, -1.0, 1.0, 200.0])
def test_a_step_is_logged_once(step: float) -> None:
    clock = ManualClock()
    steps = ClockSteps(clock)
    with capture_logs() as logs:
        clock.advance(5)
        steps.check()
        clock.set_wall(START + 5 + step)
        steps.check()
        clock.advance(5)
        steps.check()
    assert [(entry["event"], entry["seconds"]) for entry in logs] == [("clock_stepped", step)]


def test_a_clock_that_is_slewed_is_no_step() -> None:
    clock = ManualClock()
    steps = ClockSteps(clock)
    with capture_logs() as logs:
        for _ in range(100):
            clock.advance(5)
            clock.set_wall(clock.time() - 0.0025)
            steps.check()
    assert logs == []
