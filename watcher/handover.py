"""One call of a sink, and the count of what became of each event."""

from collections.abc import Sequence

from watcher.errors import SinkError
from watcher.metrics import Metrics
from watcher.model import DecisionEvent
from watcher.ports import Clock, Sink


class Handover:
    """Calls a sink and measures it."""

    def __init__(self, sink: Sink, clock: Clock, metrics: Metrics) -> None:
        self._sink = sink
        self._clock = clock
        self._metrics = metrics

    def try_once(self, events: Sequence[DecisionEvent]) -> SinkError | None:
        """Hand these over once; returns what is known of those that were not taken, None if all were.

        Raises:
            SinkGone: the sink can never work again.
        """
        begun = self._clock.monotonic()
        failed, refused = len(events), 0  # unless shown otherwise: a sink that is gone, or a bug, took nothing
        caught = None
        try:
            self._sink.emit(events)
            failed = 0
        except SinkError as error:
            caught, refused = error, len(error.refused)
            failed = len(untaken_places(error, len(events))) - refused
        finally:
            counts = {"ok": len(events) - failed - refused, "failed": failed, "refused": refused}
            for result, count in counts.items():
                self._metrics.deliveries.labels(self._sink.name, result).inc(count)
            self._metrics.delivery_duration.labels(self._sink.name).observe(self._clock.monotonic() - begun)
        return caught


def untaken_places(error: SinkError | None, size: int) -> Sequence[int]:
    """The places of a batch of this size that were not taken, in order."""
    if error is None:
        return ()
    return range(size) if error.untaken is None else sorted(set(error.untaken))
