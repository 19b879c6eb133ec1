from collections.abc import Callable, Sequence
from threading import Condition, Event, Thread

import pytest
from tenacity import wait_fixed

from tests.support import ManualClock, SteppingEvent
from tests.unit.support.builders import a_beat
from tests.unit.support.fakes import PATIENCE
from watcher.delivery.batch_processor import BatchProcessor
from watcher.domain.errors import LedgerError, QueueError, SinkError, SinkGone
from watcher.util.retry import MAX_RETRY_WAIT, RetryUntilStopped


class Failing:
    """Work that fails so many times, then gives its result."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.tries = 0

    def __call__(self) -> str:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


class HaltAfter(SteppingEvent):
    """A halt that comes during the n-th wait."""

    def __init__(self, clock: ManualClock, waits: int) -> None:
        super().__init__(clock)
        self._left = waits

    def wait(self, timeout: float | None = None) -> bool:
        self._left -= 1
        if self._left <= 0:
            self.set()
        return super().wait(timeout)


def nothing(_: BaseException) -> None:
    """Nobody is told."""


def test_a_backend_that_is_down_is_tried_until_it_works_and_each_failure_is_told() -> None:
    clock = ManualClock()
    halt, told = SteppingEvent(clock), list[BaseException]()
    errors = [SinkError("1"), LedgerError("2"), QueueError("3")]
    assert RetryUntilStopped(halt, a_beat(clock)).call(Failing(*errors), told.append) == "done"
    assert told == errors
    assert len(halt.waits) == 3


def test_the_waits_grow_to_their_limit_and_no_further() -> None:
    clock = ManualClock()
    halt = SteppingEvent(clock)
    RetryUntilStopped(halt, a_beat(clock)).call(Failing(*[SinkError("x")] * 200), nothing)
    assert max(halt.waits) <= MAX_RETRY_WAIT
    assert max(halt.waits[:3]) <= 0.8
    assert max(halt.waits) > 5.0


def test_a_caller_can_bring_its_own_wait() -> None:
    clock = ManualClock()
    halt = SteppingEvent(clock)
    RetryUntilStopped(halt, a_beat(clock)).call(Failing(*[SinkError("x")] * 4), nothing, wait_fixed(3))
    assert halt.waits == [3.0] * 4


def test_a_halt_during_a_wait_gives_one_more_try_and_then_the_last_error_itself() -> None:
    clock = ManualClock()
    work = Failing(SinkError("first"), SinkError("second"), SinkError("last"), SinkError("never"))
    with pytest.raises(SinkError, match="last"):
        RetryUntilStopped(HaltAfter(clock, 2), a_beat(clock)).call(work, nothing)
    assert work.tries == 3


def test_a_success_on_the_try_after_the_halt_counts() -> None:
    clock = ManualClock()
    assert RetryUntilStopped(HaltAfter(clock, 1), a_beat(clock)).call(Failing(SinkError("x")), nothing) == "done"


def test_after_a_halt_there_is_one_try() -> None:
    halt, work = Event(), Failing(SinkError("x"))
    halt.set()
    with pytest.raises(SinkError):
        RetryUntilStopped(halt, a_beat()).call(work, nothing)
    assert work.tries == 1


@pytest.mark.parametrize("error", [SinkGone("closed"), ZeroDivisionError()])
def test_what_no_retry_can_fix_comes_out_at_once(error: Exception) -> None:
    told: list[BaseException] = []
    work = Failing(error)
    with pytest.raises(type(error)):
        RetryUntilStopped(Event(), a_beat()).call(work, told.append)
    assert (work.tries, told) == (1, [])


def test_a_backend_that_stays_down_never_makes_its_thread_look_dead() -> None:
    """An outage must not fail /livez: a restart would mend nothing."""
    clock = ManualClock()
    beat = a_beat(clock)
    beat.beat()
    silences: list[float] = []

    def note(_: BaseException) -> None:
        silences.append(beat.silence())

    RetryUntilStopped(SteppingEvent(clock), beat).call(Failing(*[SinkError("x")] * 300), note)
    assert clock.monotonic() > 1000.0 + 600.0
    assert max(silences) == 0.0


def run(stage: BatchProcessor[int], halt: Event | None = None) -> Thread:
    thread = Thread(target=stage.run, args=(halt or Event(), a_beat()))
    thread.start()
    return thread


def test_what_is_put_is_handled_in_order_and_the_rest_before_the_end() -> None:
    seen: list[int] = []
    stage = BatchProcessor[int](lambda batch, _: seen.extend(batch), 10, clock=ManualClock())
    for number in range(25):
        stage.put(number)
    stage.close()
    run(stage).join(PATIENCE)
    assert seen == list(range(25))


def test_a_batch_is_what_has_piled_up_and_never_more_than_the_most() -> None:
    batches: list[Sequence[int]] = []
    stage = BatchProcessor[int](lambda batch, _: batches.append(list(batch)), 10, clock=ManualClock())
    for number in range(25):
        stage.put(number)
    stage.close()
    run(stage).join(PATIENCE)
    assert [len(batch) for batch in batches] == [10, 10, 5]


def test_an_empty_stage_ends_when_it_is_closed() -> None:
    batches: list[Sequence[int]] = []
    stage = BatchProcessor[int](lambda batch, _: batches.append(batch), 10, clock=ManualClock())
    thread = run(stage)
    stage.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert batches == []


def test_what_is_put_after_the_close_is_left() -> None:
    seen: list[int] = []
    stage = BatchProcessor[int](lambda batch, _: seen.extend(batch), 10, clock=ManualClock())
    stage.put(1)
    stage.close()
    stage.put(2)
    run(stage).join(PATIENCE)
    assert seen == [1]


def test_a_halt_ends_the_stage_after_the_batch_it_is_in() -> None:
    halt, seen = Event(), list[int]()

    def handle(batch: Sequence[int], _: RetryUntilStopped) -> None:
        seen.extend(batch)
        halt.set()

    stage = BatchProcessor[int](handle, 2, clock=ManualClock())
    for number in range(6):
        stage.put(number)
    run(stage, halt).join(PATIENCE)
    assert seen == [0, 1]


def test_a_stage_that_waits_for_work_rests() -> None:
    clock = ManualClock()
    beat = a_beat(clock)
    silences: list[float] = []

    def handle(batch: Sequence[int], _: RetryUntilStopped) -> None:
        clock.advance(7.0)
        silences.append(beat.silence())

    stage = BatchProcessor[int](handle, 1, clock=ManualClock())
    stage.put(1)
    stage.put(2)
    stage.close()
    stage.run(Event(), beat)
    assert silences == [7.0, 7.0]


class Gathering(Condition):
    """Tells when somebody waits with a limit: for more of what is there already."""

    def __init__(self) -> None:
        super().__init__()
        self.has_begun = Event()

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is not None:
            self.has_begun.set()
        return super().wait(timeout)


def test_what_is_gathered_ends_early_at_a_full_batch_or_the_close() -> None:
    batches: list[Sequence[int]] = []
    two_are_there = Event()

    def handle(batch: Sequence[int], _: RetryUntilStopped) -> None:
        batches.append(list(batch))
        two_are_there.set()

    gathers = Gathering()
    stage = BatchProcessor[int](handle, 10, clock=ManualClock(), linger=10 * PATIENCE, batch_size=2, changed=gathers)
    thread = run(stage)
    stage.put(0)
    assert gathers.has_begun.wait(PATIENCE)
    stage.put(1)
    assert two_are_there.wait(PATIENCE)
    stage.put(2)
    stage.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert batches == [[0, 1], [2]]


def test_a_batch_that_stays_small_is_handled_when_its_time_is_over() -> None:
    batches: list[Sequence[int]] = []
    handled = Event()

    def handle(batch: Sequence[int], _: RetryUntilStopped) -> None:
        batches.append(list(batch))
        handled.set()

    stage = BatchProcessor[int](handle, 10, clock=ManualClock(), linger=0.001, batch_size=10)
    thread = run(stage)
    stage.put(0)
    assert handled.wait(PATIENCE)
    stage.close()
    thread.join(PATIENCE)
    assert batches == [[0]]


class Meanwhile(Condition):
    """Lets something happen instead of waiting; notes for how long it should have waited."""

    def __init__(self, happens: Callable[[], None]) -> None:
        super().__init__()
        self._happens = happens
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        self._happens()
        return True


def test_what_comes_in_the_rest_after_a_batch_waits_for_its_end_and_what_comes_later_for_nothing() -> None:
    def close() -> None:
        stage.close()

    clock, changed = ManualClock(), Meanwhile(close)
    pauses, waited = [0.1, 0.04], list[tuple[list[int], object]]()

    def handle(batch: Sequence[int], _: RetryUntilStopped) -> None:
        waited.append((list(batch), list(changed.waits)))
        if pauses:
            clock.advance(pauses.pop(0))
            stage.put(len(waited))

    stage = BatchProcessor[int](handle, 10, clock=clock, min_interval=0.1, batch_size=10, changed=changed)
    stage.put(0)
    stage.run(Event(), a_beat(clock))
    assert waited == [([0], []), ([1], []), ([2], [pytest.approx(0.06)])]
