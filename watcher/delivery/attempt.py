"""One call of a sink, and what became of each event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from watcher.errors import Refusal, SinkError
from watcher.metrics import Metrics
from watcher.model import DecisionEvent
from watcher.ports import Clock, Sink


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch, by places in it, in order. What the sink refused for what it is has `failed`, too.

    The sink was not asked to take those that are `untried`: neither taken nor failed. `error` is why not all were
    taken.
    """

    taken: Sequence[int]
    failed: Sequence[int] = ()
    untried: Sequence[int] = ()
    refused: Mapping[int, Refusal] = field(default_factory=dict)
    error: SinkError | None = None


class Handover:
    """Calls a sink and measures it."""

    def __init__(self, sink: Sink, clock: Clock, metrics: Metrics) -> None:
        self._sink = sink
        self._clock = clock
        self._metrics = metrics

    def try_once(self, events: Sequence[DecisionEvent]) -> Outcome:
        """Hand these over once; returns what is known of each.

        Raises:
            SinkGone: the sink can never work again.
        """
        begun = self._clock.monotonic()
        outcome = Outcome((), failed=range(len(events)))  # of a sink that is gone, or has a bug
        try:
            self._sink.emit(events)
            outcome = Outcome(range(len(events)))
        except SinkError as error:
            outcome = _outcome(len(events), error)
        finally:
            self._count(outcome)
            self._metrics.delivery_duration.labels(self._sink.name).observe(self._clock.monotonic() - begun)
        return outcome

    def _count(self, outcome: Outcome) -> None:
        refused = len(outcome.refused)
        failed = len(outcome.failed) + len(outcome.untried) - refused
        for result, count in {"ok": len(outcome.taken), "failed": failed, "refused": refused}.items():
            self._metrics.deliveries.labels(self._sink.name, result).inc(count)


def _outcome(size: int, error: SinkError) -> Outcome:
    untaken = range(size) if error.untaken is None else set(error.untaken)
    untried = set(error.untried)
    return Outcome(
        taken=[place for place in range(size) if place not in untaken],
        failed=sorted(set(untaken) - untried),
        untried=sorted(untried),
        refused=error.refused,
        error=error,
    )
