"""From a decision to the ack: ledger first, then the sinks, then the queue.

This order makes a crash harmless. Once the ledger has a decision, no other can be made. The message stays until every
sink has it; if it is received again, its decision comes from the ledger and goes to the sinks that lack it.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from threading import Event, Lock
from typing import NamedTuple

import structlog

from watcher.delivery.acker import Acker, DeadLetter
from watcher.delivery.batch_processor import BatchProcessor
from watcher.delivery.pending import PendingDelivery
from watcher.delivery.recorded import context_of, created_at
from watcher.delivery.selection import EVERYTHING, Selection
from watcher.delivery.sink_worker import SinkWorker
from watcher.domain.errors import InvalidMessage, LedgerError
from watcher.domain.model import NO_CONTEXT, DeadReason, Decision, DecisionEvent, LedgerEntry
from watcher.domain.ports import Clock, Ledger, Queue, Sink
from watcher.sessions.context_conflict import warn_of_conflict
from watcher.sessions.in_flight import InFlight
from watcher.sessions.session import Session
from watcher.telemetry.health import Liveness
from watcher.telemetry.metrics import Metrics, trace_exemplar
from watcher.telemetry.readiness import Readiness
from watcher.util.retry import RetryUntilStopped
from watcher.util.rfc3339 import timestamp
from watcher.util.threads import Threads

log = structlog.get_logger(__name__)

RECORD_BATCH = 200
ACK_BATCH = 100

LATENCY_LIMIT = 3600.0
"""Maximum seconds in the histogram: a creation time of years ago would spoil its sum permanently."""

ANSWERED_AGAIN = 600.0
"""Seconds after a session's end within which a new message for it gets the decision again. Enough for a back end to
ask once more, and less than the time for which receivers must keep event ids anyway."""

ACK_GATHER = 1.5
"""Seconds that acks wait for more of them: SQS takes ten per call, and charges for each call."""

RECORD_REST = 0.1
"""Seconds from one batch of decisions to the next: in the ledger and all later steps, each batch costs as much as a
dozen polls. Decisions only wait if they come that fast, and so briefly that no one notices."""


class _Decided(NamedTuple):
    session: Session
    decision: Decision
    event: DecisionEvent


class Outbox:
    """The path of a decision: a recorder, a worker for each sink, and an acker, each with its own thread.

    A sink that is down delays its own worker and the acks; polling and the other workers continue.
    """

    def __init__(
        self,
        *,
        queue: Queue,
        ledger: Ledger,
        sinks: Sequence[Sink],
        in_flight: InFlight,
        clock: Clock,
        metrics: Metrics,
        readiness: Readiness,
        dead_letter: DeadLetter,
        selections: Mapping[str, Selection] | None = None,
        ack_gather: float = ACK_GATHER,
    ) -> None:
        """`selections`: by a sink's name, what it gets, if that is not everything.

        `ack_gather`: seconds that acks wait for more of them.

        `dead_letter` takes over the message of a decision that a sink rejects for good, with the reason.
        """
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics
        self._readiness = readiness
        self._selections = {sink.name: (selections or {}).get(sink.name, EVERYTHING) for sink in sinks}
        self._halt = Event()
        self._lock = Lock()
        self._recorder = BatchProcessor(
            self._record, RECORD_BATCH, clock=clock, min_interval=RECORD_REST, batch_size=RECORD_BATCH
        )
        self._workers = {sink.name: self._worker(sink) for sink in sinks}
        acker = self._acker = Acker(
            queue=queue,
            ledger=ledger,
            in_flight=in_flight,
            dead_letter=dead_letter,
            failed=self._failed,
            worked=self._readiness.mark_recovered,
        )
        self._ack_processor = BatchProcessor(
            acker.finish, ACK_BATCH, clock=clock, linger=ack_gather, batch_size=queue.max_batch
        )

    def _worker(self, sink: Sink) -> SinkWorker:
        return SinkWorker(
            sink,
            delivered=self._delivered,
            given_up=self._ended,
            clock=self._clock,
            metrics=self._metrics,
            readiness=self._readiness,
        )

    def decided(self, session: Session, decision: Decision, event: DecisionEvent) -> None:
        """Take over a session with its new decision."""
        self._recorder.put(_Decided(session, decision, event))

    def resume(self, session: Session, entry: LedgerEntry) -> None:
        """Take over a session whose decision the ledger already has.

        A message that was redelivered before its ack goes to the sinks that still lack the decision. One that follows
        an acked message is a new request, and gets the same event again from every sink; but not long after the
        session's end, or anyone who can send messages could get an old `live` signed again.
        """
        if session.context != NO_CONTEXT:
            warn_of_conflict(session.key, context_of(entry), session.context)
        self._deliver_missing(session, entry)

    def _deliver_missing(self, session: Session, entry: LedgerEntry) -> None:
        if entry.acked_at is None:
            sinks = self._workers.keys() - entry.delivered.keys()
        elif session.sent_at > created_at(entry) + session.lifetime + ANSWERED_AGAIN:
            log.info(
                "late_message_acked",
                session_id=session.session_id,
                policy=session.policy,
                sent_at=timestamp(session.sent_at),
                consequence="sent too long after the session's end: acked, and no sink gets the decision again",
            )
            sinks = set()
        else:
            sinks = set(self._workers)
        self._dispatch(session, entry.event, sinks)

    def start(self, threads: Threads, liveness: Liveness) -> None:
        """Start a thread for each step."""
        for role, run in {"recorder": self._recorder.run, "acker": self._ack_processor.run}.items():
            threads.start(role, partial(run, self._halt, liveness.beat(role)))
        for name, worker in self._workers.items():
            role = f"sink-{name}"
            threads.start(role, partial(worker.run, liveness.beat(role)))

    def drain(self, threads: Threads, deadline: float) -> None:
        """Finish what was handed over, step by step, until `deadline` (monotonic); then give up the rest."""
        self._recorder.close()
        threads.join(["recorder"], deadline)
        for worker in self._workers.values():
            worker.close()
        threads.join([f"sink-{name}" for name in self._workers], deadline)
        self._ack_processor.close()
        threads.join(["acker"], deadline)
        self._halt.set()
        for worker in self._workers.values():
            worker.halt()

    def _record(self, batch: Sequence[_Decided], retry: RetryUntilStopped) -> None:
        live = [decided for decided in batch if not decided.session.is_abandoned]
        rows = [(decided.event, decided.session.history) for decided in live]
        try:
            entries = retry.call(partial(self._ledger.record, rows), partial(self._failed, "ledger"))
        except LedgerError:
            return  # halted: nothing is recorded, so nothing is decided; the messages are released
        self._readiness.mark_recovered("ledger")
        for decided, entry in zip(live, entries, strict=True):
            if entry.fault:  # another watcher decided it, and its record is unreadable
                self._acker.dead_letter(decided.session, InvalidMessage(DeadReason.UNREADABLE_DECISION, entry.fault))
                continue
            if entry.event == decided.event:
                self._count(decided)
                self._deliver_missing(decided.session, entry)
            else:
                self.resume(decided.session, entry)

    def _count(self, decided: _Decided) -> None:
        session, decision = decided.session, decided.decision
        latency = max(0.0, self._clock.monotonic() - session.created_monotonic)
        policy = self._metrics.policy_label(session.policy)
        exemplar = trace_exemplar(session.traceparent)
        self._metrics.decisions.labels(decision.outcome.value, decision.reason.value, policy).inc(exemplar=exemplar)
        self._metrics.latency.observe(min(latency, LATENCY_LIMIT), exemplar)
        self._metrics.polls_per_session.observe(session.polls)
        log.info(
            "decided",
            session_id=session.session_id,
            policy=session.policy,
            outcome=decision.outcome.value,
            reason=decision.reason.value,
            polls=session.polls,
            latency_seconds=round(latency, 3),
            **({"traceparent": session.traceparent} if session.traceparent else {}),
        )

    def _dispatch(self, session: Session, event: DecisionEvent, sinks: set[str]) -> None:
        wanted = {name for name in sinks if self._selections[name].wants(event)}
        for name in sinks - wanted:
            self._metrics.deliveries.labels(name, "skipped").inc()
        session.pending_sinks = set(wanted)
        if not wanted:
            self._ack_processor.put(session)
        for name in wanted:
            self._workers[name].put(PendingDelivery(session, self._selections[name].shown(event)))

    def _delivered(self, sink: str, sessions: Sequence[Session], retry: RetryUntilStopped) -> None:
        mark = partial(self._ledger.mark_delivered, [session.key for session in sessions], sink)
        retry.call(mark, partial(self._failed, "ledger"))
        self._readiness.mark_recovered("ledger")
        for session in sessions:
            self._ended(sink, session)

    def _ended(self, sink: str, session: Session, rejection: str = "") -> None:
        """One sink has the decision, or rejects it; after the last sink the session is over."""
        with self._lock:
            if rejection:
                session.add_rejection(sink, rejection)
            session.pending_sinks -= {sink}
            is_over = not session.pending_sinks
        if is_over:
            self._ack_processor.put(session)

    def _failed(self, part: str, error: BaseException) -> None:
        self._readiness.mark_unavailable(part, error, "deliveries and acks wait for it")
