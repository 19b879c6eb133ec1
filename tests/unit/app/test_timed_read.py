"""Reading the settings within a limit: a file system that hangs stops no more than the read."""

import time
from pathlib import Path
from threading import Event

import pytest

from tests.support import ManualClock
from tests.unit.support.fakes import PATIENCE
from watcher.app.timed_read import READ_LIMIT, TimedRead
from watcher.config import Loaded, Settings
from watcher.domain.errors import ConfigError

LOADED = Loaded(Settings(), {}, Path("watcher.toml"))


class RunningClock(ManualClock):
    """A clock on which `seconds` pass between two looks at it."""

    seconds = 0.0

    def monotonic(self) -> float:
        now = super().monotonic()
        self.advance(self.seconds)
        return now


def problem_of(read: TimedRead) -> str:
    with pytest.raises(ConfigError) as caught:
        read()
    (problem,) = caught.value.problems
    return problem


def test_what_is_read_in_time_is_returned() -> None:
    assert TimedRead(lambda: LOADED, ManualClock())() is LOADED


def test_invalid_settings_are_the_readers_own_error_and_the_next_read_counts() -> None:
    answers: list[Loaded | ConfigError] = [ConfigError(["http.port = 0: no"]), LOADED]

    def read() -> Loaded:
        answer = answers.pop(0)
        if isinstance(answer, ConfigError):
            raise answer
        return answer

    timed = TimedRead(read, ManualClock())
    assert problem_of(timed) == "http.port = 0: no"
    assert timed() is LOADED


def test_a_read_that_hangs_is_abandoned_and_no_other_is_begun_until_it_is_over() -> None:
    clock, begun, gate, reads = RunningClock(), Event(), Event(), []

    def hang() -> Loaded:
        reads.append(clock.time())
        begun.set()
        gate.wait(PATIENCE)
        return LOADED

    timed = TimedRead(hang, clock)
    clock.seconds = READ_LIMIT
    assert problem_of(timed) == "the settings could not be read within 10 s: check their file system, then reload"
    clock.seconds = 0.0
    assert begun.wait(PATIENCE)
    assert problem_of(timed).startswith("an earlier reload still reads the settings")
    assert len(reads) == 1
    gate.set()
    limit = time.monotonic() + PATIENCE
    while len(reads) == 1:
        assert time.monotonic() < limit, "the read is over, yet it counts"
        try:
            assert timed() is LOADED
        except ConfigError:
            time.sleep(0)
