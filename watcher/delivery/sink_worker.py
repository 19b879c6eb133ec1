"""The way of decisions to one sink: a thread of its own, and a circuit that spares a sink that is down."""

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Event

import structlog

from watcher.delivery.attempt import Handover, Outcome
from watcher.delivery.batch_processor import Patience
from watcher.delivery.circuit_breaker import Circuit
from watcher.delivery.pending import SHARE, Parcel, Suspects, Waiting
from watcher.errors import LedgerError, SinkError
from watcher.health import Beat, Readiness
from watcher.metrics import Metrics
from watcher.ports import Clock, Sink
from watcher.watch import Watch

log = structlog.get_logger(__name__)

GIVEN_UP = (
    "given up: once all other sinks have it, its message becomes a dead letter; mend it, then `watcher dead replay`"
)


class Lane:
    """Hands parcels to its sink until they are taken.

    What a sink failed at goes behind all that waits; what it was not asked to take keeps its turn. One that the sink
    refuses for what it is, or fails at again although it has taken others since, is a suspect: the event is wrong,
    not the sink. Suspects are tried apart, with longer and longer rests, in a share of the time, and say nothing of
    the circuit: one that is never taken costs the others little. At last it is given up, for its place and its
    memory would be gone for ever. One that fails while nothing else is taken waits with the others again: then it
    may be the sink.
    How much can wait is bounded at the intake: a session is in flight until every sink has its decision. One whose
    leases are lost is in flight no more, so while the circuit is open its parcel is dropped: its message comes again,
    here or to another watcher, and the ledger has the decision.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        arrived: Callable[[str, Sequence[Watch], Patience], None],
        given_up: Callable[[str, Watch, str], None],
        clock: Clock,
        metrics: Metrics,
        readiness: Readiness,
    ) -> None:
        """`arrived` gets the sink's name and the watches whose decisions it has taken; it may raise LedgerError.

        `given_up` gets the sink's name, a watch whose decision it will not take, and why.
        """
        self._sink = sink
        self._arrived = arrived
        self._given_up = given_up
        self._clock = clock
        self._metrics = metrics
        self._readiness = readiness
        self._part = f"sink {sink.name}"
        self._handover = Handover(sink, clock, metrics)
        self._circuit = Circuit()
        self._halt = Event()
        self._inbox: SimpleQueue[Parcel | None] = SimpleQueue()
        self._waiting = Waiting()
        self._suspects = Suspects()
        self._successes = 0
        self._begun = clock.monotonic()
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
                    self._waiting.add([parcel])
        except Empty:
            return

    def _try(self) -> Sequence[Parcel]:
        """Hand over a batch, or a single parcel while the circuit is open; returns those that were taken.

        Raises:
            SinkError: none was, and it is not known to be the events' fault.
        """
        self._collect()
        source, batch = self._next_batch()
        if not batch:
            return ()
        self._begun = begun = self._clock.monotonic()
        before = self._successes
        outcome = self._handover.try_once([parcel.event for parcel in batch])
        if source is self._suspects:
            self._suspects.tried(begun, self._clock.monotonic())
        if outcome.taken:
            self._successes += 1
        if outcome.taken or outcome.refused:
            self._answered()
        left = [place for place in outcome.failed if not self._set_apart(batch[place], place, before, outcome.error)]
        source.put_back([batch[place] for place in outcome.untried])
        self._waiting.add(batch[place] for place in left)
        self._tell(outcome, [batch[place] for place in left])
        return [batch[place] for place in outcome.taken]

    def _next_batch(self) -> tuple[Waiting | Suspects, Sequence[Parcel]]:
        """What is tried next, and where it was taken from; nothing, if nothing is due."""
        now = self._clock.monotonic()
        if self._circuit.is_open:
            trial = self._waiting.take_trial()
            return (self._waiting, trial) if trial else (self._suspects, self._suspects.take_due(now, 1))
        if not self._waiting or self._suspects.may_interrupt(now):
            apart = self._suspects.take_due(now, max(1, int(SHARE * self._sink.max_batch)))
            if apart:
                return self._suspects, apart
        return self._waiting, self._waiting.take(self._sink.max_batch)

    def _tell(self, outcome: Outcome, left: Sequence[Parcel]) -> None:
        """Tell what was not taken of a batch; `left` has failed, and it is not known to be the events' fault.

        Raises:
            SinkError: nothing was taken, and not all that was tried is the events' fault.
        """
        if outcome.error is None:
            return
        if not outcome.taken and (left or not outcome.failed):
            raise outcome.error
        if left:
            sessions = [parcel.watch.session_id for parcel in left]
            log.warning("not_all_taken", sink=self._sink.name, session_ids=sessions, error=str(outcome.error))

    def _set_apart(self, parcel: Parcel, place: int, before: int, error: SinkError | None) -> bool:
        """Set this untaken parcel apart if it is what is wrong; `before`: the successes before it was refused."""
        refusal = error.refused.get(place) if error else None
        if not parcel.is_suspect(before, self._successes) and refusal is None:
            return False
        why = refusal.why if refusal else str(error)
        is_over = parcel.is_hopeless(refusal, self._successes)
        log.error(
            "event_refused",
            sink=self._sink.name,
            session_id=parcel.watch.session_id,
            bytes=len(parcel.event.body.encode()),
            error=why,
            refusals=parcel.refusals,
            consequence=GIVEN_UP if is_over else f"it is tried again in {parcel.rest:.0f} s; others are not held up",
        )
        if is_over:
            self._given_up(self._sink.name, parcel.watch, why)
        else:
            self._suspects.add(parcel, self._clock.monotonic())
        return True

    def _failed(self, error: BaseException) -> None:
        asked = error.retry_after if isinstance(error, SinkError) else None
        if self._circuit.failed(self._clock.monotonic(), asked, self._begun):
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
            self._waiting.drop_abandoned()
            self._readiness.lost(self._part, f"circuit open, {len(self._waiting)} decisions wait: {error}")
        self._give_up_if_down()

    def _give_up_if_down(self) -> None:
        if self._is_closing and self._circuit.is_open:
            self._halt.set()

    def _answered(self) -> None:
        """The sink is there: it took something, or has looked at it closely enough to refuse it for what it is."""
        seconds = self._circuit.worked(self._clock.monotonic())
        if seconds is not None:
            self._metrics.circuit_open.labels(self._sink.name).set(0)
            self._readiness.regained(self._part)
            log.info("circuit_closed", sink=self._sink.name, seconds=round(seconds, 1))
