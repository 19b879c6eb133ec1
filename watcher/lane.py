"""The way of decisions to one sink: a thread of its own, and a circuit that spares a sink that is down."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event

import structlog

from watcher.circuit import Circuit
from watcher.errors import LedgerError, SinkError
from watcher.health import Beat, Readiness
from watcher.metrics import Metrics
from watcher.model import DecisionEvent
from watcher.ports import Clock, Sink
from watcher.stage import Patience
from watcher.watch import Watch

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A decision on its way to a sink, and the watch that waits for its arrival."""

    watch: Watch
    event: DecisionEvent


class Lane:
    """Hands parcels to its sink until they are taken.

    What a sink refused goes behind all that waits, so that one event that it never takes does not block the others.
    How much can wait is bounded at the intake: a session is in flight until every sink has its decision.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        arrived: Callable[[str, Sequence[Watch], Patience], None],
        clock: Clock,
        metrics: Metrics,
        readiness: Readiness,
    ) -> None:
        """`arrived` gets the sink's name and the watches whose decisions it has taken; it may raise LedgerError."""
        self._sink = sink
        self._arrived = arrived
        self._clock = clock
        self._metrics = metrics
        self._readiness = readiness
        self._part = f"sink {sink.name}"
        self._circuit = Circuit()
        self._halt = Event()
        self._inbox: SimpleQueue[Parcel | None] = SimpleQueue()
        self._waiting: deque[Parcel] = deque()
        self._is_closing = False
        self._is_closed = False

    def put(self, parcel: Parcel) -> None:
        """Hand over a parcel; never blocks."""
        self._inbox.put(parcel)

    def close(self) -> None:
        """Let the thread end once everything before this has arrived; if the circuit is open, after one more try.

        A stop must not wait for a sink that is down: the ledger has the decisions, and the messages go back.
        """
        self._inbox.put(None)
        self._is_closing = True
        self._give_up_if_down()

    def halt(self) -> None:
        """There is no more time: end after the try that is under way."""
        self._halt.set()

    def run(self, beat: Beat) -> None:
        """Deliver until the lane is closed and empty, or halted."""
        patience = Patience(self._halt, beat)
        while not self._halt.is_set():
            beat.rest()
            self._collect(is_patient=True)
            beat.beat()
            if not self._waiting:
                return
            try:
                taken = patience.call(self._try, self._failed, self._circuit.pause)
                self._arrived(self._sink.name, [parcel.watch for parcel in taken], patience)
            except (SinkError, LedgerError):
                return  # halted: the messages stay, and whoever gets them next hands over what is missing

    def _collect(self, *, is_patient: bool = False) -> None:
        try:
            while not self._is_closed:
                parcel = self._inbox.get(block=is_patient and not self._waiting)
                if parcel is None:
                    self._is_closed = True
                else:
                    self._waiting.append(parcel)
        except Empty:
            return

    def _try(self) -> Sequence[Parcel]:
        """Hand over a batch, or a single parcel while the circuit is open; returns those that were taken.

        Raises:
            SinkError: none was.
        """
        self._collect()
        size = 1 if self._circuit.is_open else self._sink.max_batch
        batch = [self._waiting.popleft() for _ in range(min(size, len(self._waiting)))]
        refusal = self._hand_over([parcel.event for parcel in batch])
        untaken = _untaken(refusal, len(batch))
        # The first of them last: where a sink begins nothing after a failure, it is the one that failed.
        self._waiting.extend(batch[place] for place in [*untaken[1:], *untaken[:1]])
        if refusal is not None:
            if len(untaken) == len(batch):
                raise refusal
            sessions = [batch[place].watch.key.session_id for place in untaken]
            log.warning("not_all_taken", sink=self._sink.name, session_ids=sessions, error=str(refusal))
        self._worked()
        return [parcel for place, parcel in enumerate(batch) if place not in untaken]

    def _hand_over(self, events: Sequence[DecisionEvent]) -> SinkError | None:
        begun = self._clock.monotonic()
        failed = len(events)  # unless shown otherwise: a sink that is gone, or a bug, took nothing that we know of
        refusal = None
        try:
            self._sink.emit(events)
            failed = 0
        except SinkError as error:
            refusal, failed = error, len(_untaken(error, len(events)))
        finally:
            self._metrics.deliveries.labels(self._sink.name, "ok").inc(len(events) - failed)
            self._metrics.deliveries.labels(self._sink.name, "failed").inc(failed)
            self._metrics.delivery_duration.labels(self._sink.name).observe(self._clock.monotonic() - begun)
        return refusal

    def _failed(self, error: BaseException) -> None:
        asked = error.retry_after if isinstance(error, SinkError) else None
        if self._circuit.failed(self._clock.monotonic(), asked):
            self._metrics.circuit_open.labels(self._sink.name).set(1)
            log.error(
                "circuit_opened",
                sink=self._sink.name,
                error=str(error),
                consequence="its decisions and their acks wait; one of them is tried every few seconds",
            )
        else:
            log.warning("sink_failed", sink=self._sink.name, error=str(error))
        if self._circuit.is_open:
            self._readiness.lost(self._part, f"circuit open, {len(self._waiting)} decisions wait: {error}")
        self._give_up_if_down()

    def _give_up_if_down(self) -> None:
        if self._is_closing and self._circuit.is_open:
            self._halt.set()

    def _worked(self) -> None:
        seconds = self._circuit.worked(self._clock.monotonic())
        if seconds is not None:
            self._metrics.circuit_open.labels(self._sink.name).set(0)
            self._readiness.regained(self._part)
            log.info("circuit_closed", sink=self._sink.name, seconds=round(seconds, 1))


def _untaken(refusal: SinkError | None, size: int) -> Sequence[int]:
    """The places of a batch of this size that have to be handed over again, in order."""
    if refusal is None:
        return ()
    return range(size) if refusal.untaken is None else sorted(set(refusal.untaken))
