"""A wall clock that was set is logged once."""

import pytest
from structlog.testing import capture_logs

from tests.support import ManualClock
from watcher.daemon.clock_steps import ClockSteps


@pytest.mark.parametrize("seconds", [-3600.0, -1.0, 1.0, 90.5])
def test_a_step_is_logged_once(seconds: float) -> None:
    clock = ManualClock()
    steps = ClockSteps(clock)
    clock.advance(600.0)
    clock.set_wall(clock.time() + seconds)
    with capture_logs() as logs:
        steps.check()
        clock.advance(5.0)
        steps.check()
    assert [(line["event"], line["seconds"]) for line in logs] == [("clock_stepped", seconds)]


def test_a_clock_that_is_slewed_is_not() -> None:
    clock = ManualClock()
    steps = ClockSteps(clock)
    with capture_logs() as logs:
        for _ in range(10):
            clock.advance(600.0)
            clock.set_wall(clock.time() + 0.3)
            steps.check()
    assert logs == []
