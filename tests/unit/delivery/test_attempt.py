"""One call of a sink: each event is counted, the time is measured, and this machine's faults are no event's."""

import errno
from collections.abc import Sequence

import pytest

from tests.support import ManualClock, decision
from tests.unit.delivery.sink_workers import Answer, CheckedRecipient, Recipient
from tests.unit.support.builders import value
from watcher.delivery.attempt import Attempt
from watcher.domain.errors import SinkError, SinkGone
from watcher.domain.event_result import DELIVERED, EventResult, failed, not_attempted, rejected
from watcher.domain.model import DecisionEvent
from watcher.telemetry.metrics import Metrics

EVENTS = [decision(number) for number in range(4)]


class Measured:
    """An attempt at a sink that answers so, five seconds later."""

    def __init__(self, answer: Answer) -> None:
        self.metrics, clock, sink = Metrics(sinks=["s"]), ManualClock(), Recipient()

        def late(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
            clock.advance(5.0)
            return answer(events)

        sink.always = late
        self.attempt = Attempt(sink, clock, self.metrics)

    @property
    def counts(self) -> list[float | None]:
        """Delivered, rejected and failed events; seconds."""
        name = "watcher_sink_deliveries_total"
        counts = [value(self.metrics, name, sink="s", result=result) for result in ("ok", "refused", "failed")]
        return [*counts, value(self.metrics, "watcher_sink_delivery_seconds_sum", sink="s")]


def raising(error: BaseException) -> Answer:
    def answer(_: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        raise error

    return answer


def test_each_event_counts_by_its_result() -> None:
    results = [DELIVERED, rejected("too large"), failed("500"), not_attempted("busy")]
    measured = Measured(lambda _: results)
    assert measured.attempt.deliver_once(EVENTS) == results
    assert measured.counts == [1, 1, 2, 5.0]


def test_no_event_that_reached_the_receiver_is_a_fault_of_the_sink() -> None:
    measured = Measured(lambda events: [not_attempted("busy")] * len(events))
    with pytest.raises(SinkError, match=r"^busy$"):
        measured.attempt.deliver_once(EVENTS)
    assert measured.counts == [0, 0, 4, 5.0]


@pytest.mark.parametrize("error", [SinkError("down"), SinkGone("closed")])
def test_the_sinks_own_error_comes_out_as_it_is(error: Exception) -> None:
    measured = Measured(raising(error))
    with pytest.raises(type(error)) as caught:
        measured.attempt.deliver_once(EVENTS)
    assert caught.value is error
    assert measured.counts == [0, 0, 4, 5.0]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            OSError(errno.EMFILE, "quoting hunter2"),
            "this machine: Too many open files: raise the limit of open files",
        ),
        (OSError(errno.EPERM, "quoting hunter2"), "this machine: Operation not permitted"),
        (OSError("hunter2"), "this machine: OSError"),
        (MemoryError("hunter2"), "this machine: out of memory: free some memory"),
        (RuntimeError("can't start new thread"), "this machine: no thread can be started: free some memory"),
    ],
)
def test_what_this_machine_lacks_is_told_in_its_own_words(error: Exception, text: str) -> None:
    with pytest.raises(SinkError) as caught:
        Measured(raising(error)).attempt.deliver_once(EVENTS)
    assert str(caught.value).startswith(text)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "bug", [ZeroDivisionError(), RuntimeError("dictionary changed size during iteration")], ids=repr
)
def test_a_bug_of_an_adapter_is_not_hidden(bug: Exception) -> None:
    with pytest.raises(type(bug)):
        Measured(raising(bug)).attempt.deliver_once(EVENTS)


def test_a_check_of_the_target_counts_no_event() -> None:
    sink, metrics = CheckedRecipient(), Metrics(sinks=["s"])
    attempt = Attempt(sink, ManualClock(), metrics)
    attempt.check()
    sink.missing = lambda: True
    with pytest.raises(SinkError, match="no such target"):
        attempt.check()
    assert value(metrics, "watcher_sink_delivery_seconds_count", sink="s") == 0
    assert sink.batches == []
