"""The way of decisions to one sink: a thread of its own, and a circuit that spares a sink that is down."""

from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Event

import structlog

from watcher.circuit import Circuit
from watcher.errors import LedgerError, SinkError
from watcher.health import Beat, Readiness
from watcher.metrics import Metrics
from watcher.model import DecisionEvent
from watcher.parcels import Parcel, Suspects
from watcher.ports import Clock, Sink
from watcher.stage import Patience
from watcher.watch import Watch

log = structlog.get_logger(__name__)


class Lane:
    """Hands parcels to its sink until they are taken.

    What a sink refused goes behind all that waits. One that is refused again although the sink has taken others since
    is a suspect: the event is wrong, not the sink. Suspects are tried apart, with longer and longer rests, and say
    nothing about the circuit: one event that is never taken costs the others nothing.
    How much can wait is bounded at the intake: a session is in flight until every sink has its decision. One whose
    leases are lost is in flight no more, so while the circuit is open its parcel is dropped: its message comes again,
    here or to another watcher, and the ledger has the decision.
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
        self._suspects = Suspects()
        self._successes = 0
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
            if self._is_closed and not self._waiting:
                return  # suspects go back to the queue: nobody would wait for them
            try:
                taken = patience.call(self._try, self._failed, self._circuit.pause)
                if taken:
                    self._arrived(self._sink.name, [parcel.watch for parcel in taken], patience)
            except (SinkError, LedgerError):
                return  # halted: the messages stay, and whoever gets them next hands over what is missing

    def _collect(self, *, is_patient: bool = False) -> None:
        try:
            while not self._is_closed:
                may_wait = is_patient and not self._waiting
                seconds = self._suspects.until_due(self._clock.monotonic()) if may_wait else None
                parcel = self._inbox.get(block=may_wait, timeout=seconds)
                if parcel is None:
                    self._is_closed = True
                else:
                    self._waiting.append(parcel)
        except Empty:
            return

    def _try(self) -> Sequence[Parcel]:
        """Hand over a batch, or a single parcel while the circuit is open; returns those that were taken.

        Raises:
            SinkError: none was, and it is not known to be the events' fault.
        """
        self._collect()
        size = 1 if self._circuit.is_open else self._sink.max_batch
        batch = [self._waiting.popleft() for _ in range(min(size, len(self._waiting)))]
        batch = batch or self._suspects.take_due(self._clock.monotonic(), size)
        if not batch:
            return ()
        refusal = self._hand_over([parcel.event for parcel in batch])
        untaken = _untaken(refusal, len(batch))
        before = self._successes
        if len(untaken) < len(batch):
            self._worked()
        # The first of them last: where a sink begins nothing after a failure, it is the one that failed.
        left = [batch[place] for place in [*untaken[1:], *untaken[:1]]]
        again = [parcel for parcel in left if not self._set_apart(parcel, before, refusal)]
        self._waiting.extend(again)
        if refusal is not None and again:
            if len(untaken) == len(batch):
                raise refusal
            sessions = [parcel.watch.key.session_id for parcel in again]
            log.warning("not_all_taken", sink=self._sink.name, session_ids=sessions, error=str(refusal))
        return [parcel for place, parcel in enumerate(batch) if place not in untaken]

    def _set_apart(self, parcel: Parcel, before: int, refusal: SinkError | None) -> bool:
        """Set this refused parcel apart if it is a suspect; `before`: the successes before it was refused."""
        if not parcel.is_suspect(before, self._successes):
            return False
        log.error(
            "event_refused",
            sink=self._sink.name,
            session_id=parcel.watch.key.session_id,
            error=str(refusal),
            consequence=f"others are taken; this one is tried again in {parcel.rest:.0f} s, and its message stays",
        )
        self._suspects.add(parcel, self._clock.monotonic())
        return True

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
            self._waiting = deque(parcel for parcel in self._waiting if not parcel.watch.abandoned)
            self._readiness.lost(self._part, f"circuit open, {len(self._waiting)} decisions wait: {error}")
        self._give_up_if_down()

    def _give_up_if_down(self) -> None:
        if self._is_closing and self._circuit.is_open:
            self._halt.set()

    def _worked(self) -> None:
        self._successes += 1
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
