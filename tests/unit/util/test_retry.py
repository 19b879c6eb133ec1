"""Calls of a backend that is down, again and again."""

from threading import Event

import pytest
from tenacity import wait_fixed

from tests.support import ManualClock, SteppingEvent
from tests.unit.support.builders import a_beat
from watcher.domain.errors import LedgerError, QueueError, SinkError
from watcher.util.retry import MAX_RETRY_WAIT, RetryUntilStopped


class Backend:
    """Fails with these errors, then works."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_a_call_is_tried_until_it_works_and_each_failure_is_reported() -> None:
    clock = ManualClock()
    halt, failures = SteppingEvent(clock), list[BaseException]()
    errors = [QueueError("down"), LedgerError("locked"), SinkError("gone")]
    backend = Backend(*errors)
    assert RetryUntilStopped(halt, a_beat(clock)).call(backend, failures.append) == "done"
    assert failures == errors
    assert len(halt.waits) == len(errors)


def test_the_pauses_grow_up_to_a_bound() -> None:
    clock = ManualClock()
    halt = SteppingEvent(clock)
    RetryUntilStopped(halt, a_beat(clock)).call(Backend(*[QueueError("down")] * 60), lambda _: None)
    assert max(halt.waits[:3]) <= 0.8
    assert MAX_RETRY_WAIT / 2 < max(halt.waits) <= MAX_RETRY_WAIT


def test_the_caller_may_choose_the_pauses() -> None:
    clock = ManualClock()
    halt = SteppingEvent(clock)
    retry = RetryUntilStopped(halt, a_beat(clock))
    retry.call(Backend(*[QueueError("down")] * 3), lambda _: None, wait_fixed(7.0))
    assert halt.waits == [7.0] * 3


def test_after_a_halt_the_first_failure_is_raised() -> None:
    halt = Event()
    halt.set()
    backend = Backend(QueueError("down"), QueueError("still down"))
    with pytest.raises(QueueError, match=r"^down$"):
        RetryUntilStopped(halt, a_beat()).call(backend, lambda _: None)
    assert backend.calls == 1


def test_a_bug_is_raised_at_once() -> None:
    backend = Backend(ValueError("bug"))
    with pytest.raises(ValueError, match="bug"):
        RetryUntilStopped(Event(), a_beat()).call(backend, lambda _: None)
    assert backend.calls == 1


def test_a_pause_is_no_silence_of_the_thread() -> None:
    """A restart would not help the backend."""
    clock = ManualClock()
    beat, silences = a_beat(clock), list[float]()

    class Pause(SteppingEvent):
        def wait(self, timeout: float | None = None) -> bool:
            is_set = super().wait(timeout)
            silences.append(beat.silence())
            return is_set

    RetryUntilStopped(Pause(clock), beat).call(Backend(QueueError("down")), lambda _: None, wait_fixed(600.0))
    assert silences == [0.0]
