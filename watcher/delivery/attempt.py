"""One call of a sink: measures it, and tells faults of this machine from faults of an event."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from watcher.domain.errors import SinkError
from watcher.domain.event_result import EventResult, EventStatus, results_or_error
from watcher.domain.model import DecisionEvent
from watcher.domain.ports import Clock, Sink
from watcher.telemetry.metrics import Metrics
from watcher.util.machine_faults import machine_fault


class Attempt:
    """Calls a sink, counts the result of each event and measures the time."""

    def __init__(self, sink: Sink, clock: Clock, metrics: Metrics) -> None:
        self._sink = sink
        self._clock = clock
        self._metrics = metrics

    def deliver_once(self, events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        """Deliver these once; returns the result of each, in order.

        Raises:
            SinkError: the sink or this machine failed, through no fault of an event.
            SinkGone: the sink can never work again.
        """
        begun = self._clock.monotonic()
        results: Sequence[EventResult] = ()
        try:
            with _machine_faults():
                results = results_or_error(self._sink.emit(events))
        finally:
            self._count(results, len(events))
            self._metrics.delivery_duration.labels(self._sink.name).observe(self._clock.monotonic() - begun)
        return results

    def check(self) -> None:
        """Check the target of a sink that has a `verify_target`; see the port.

        Raises:
            SinkError: it is missing.
        """
        with _machine_faults():
            self._sink.verify_target()  # type: ignore[attr-defined] # only some have it

    def _count(self, results: Sequence[EventResult], size: int) -> None:
        counts = Counter(result.status for result in results)
        delivered, rejected = counts[EventStatus.DELIVERED], counts[EventStatus.REJECTED]
        for label, count in {"ok": delivered, "refused": rejected, "failed": size - delivered - rejected}.items():
            self._metrics.deliveries.labels(self._sink.name, label).inc(count)


@contextmanager
def _machine_faults() -> Iterator[None]:
    """Too many open files, no thread, no memory: errors that an adapter did not expect are this machine's fault."""
    try:
        yield
    except (OSError, MemoryError, RuntimeError) as error:
        fault = machine_fault(error)
        if not fault and isinstance(error, RuntimeError):
            raise  # a bug: Python has no class of its own for a thread that can't be started
        raise SinkError(f"this machine: {fault or _words(error)}") from error


def _words(error: Exception) -> str:
    """The system's own text for the fault; the exception's text may quote its data."""
    code = error.errno if isinstance(error, OSError) else None
    return os.strerror(code) if code else type(error).__name__
