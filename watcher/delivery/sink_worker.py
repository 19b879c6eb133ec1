"""The worker of one sink: a separate thread, with a circuit breaker for when the sink is down."""

from collections.abc import Callable, Sequence
from math import inf
from queue import Empty, SimpleQueue
from threading import Event

import structlog

from watcher.delivery.attempt import Attempt
from watcher.delivery.pending import DeliveryQueue, PendingDelivery
from watcher.delivery.quarantine import SHARE, Quarantine, Ruling
from watcher.delivery.sink_status import SinkStatus
from watcher.domain.errors import LedgerError, SinkError
from watcher.domain.event_result import EventResult, EventStatus
from watcher.domain.ports import Clock, Sink
from watcher.sessions.session import Session
from watcher.telemetry.health import Beat
from watcher.telemetry.metrics import Metrics
from watcher.telemetry.readiness import Readiness
from watcher.util.retry import RetryUntilStopped

log = structlog.get_logger(__name__)

GIVEN_UP = (
    "given up: once all other sinks have it, its message becomes a dead letter; fix the cause, then "
    "`watcher dead replay`"
)


class SinkWorker:
    """Passes pending deliveries to its sink until they are delivered, or given up as poison.

    Failed deliveries go to the end of the queue; those not attempted keep their turn. `Quarantine` decides which
    events are poison; they are tried separately and don't affect the circuit. The consumer bounds how much can wait:
    a session is in flight until every sink has its decision. A session whose leases are lost is no longer in flight,
    so while the circuit is open its delivery is dropped: its message is redelivered, here or to another watcher, and
    the ledger has the decision.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        delivered: Callable[[str, Sequence[Session], RetryUntilStopped], None],
        given_up: Callable[[str, Session, str], None],
        clock: Clock,
        metrics: Metrics,
        readiness: Readiness,
        halt: Event | None = None,
        inbox: SimpleQueue[PendingDelivery | None] | None = None,
    ) -> None:
        """`delivered` gets the sink's name and the sessions whose decisions it has; it may raise LedgerError.

        `given_up` gets the sink's name, a session whose decision it rejects, and why. `halt` ends the worker after
        the attempt under way. `inbox` is what the thread waits on while nothing is due.
        """
        self._sink = sink
        self._delivered = delivered
        self._given_up = given_up
        self._clock = clock
        self._attempt = Attempt(sink, clock, metrics)
        self._status = SinkStatus(sink.name, clock, metrics, readiness)
        self._halt = halt or Event()
        self._inbox = SimpleQueue() if inbox is None else inbox
        self._waiting = DeliveryQueue()
        self._quarantine = Quarantine()
        self._check_interval: float = getattr(sink, "check_interval", inf)
        self._check_due = clock.monotonic() + self._check_interval
        self._is_closing = False
        self._is_closed = False

    def put(self, pending: PendingDelivery) -> None:
        """Hand over a decision; never blocks."""
        self._inbox.put(pending)

    def close(self) -> None:
        """Let the thread end once everything handed over is delivered; if the circuit is open, after one more try.

        A stop must not wait for a sink that is down: the ledger has the decisions, and the messages are released.
        """
        self._inbox.put(None)
        self._is_closing = True
        self._give_up_if_down()

    def halt(self) -> None:
        """Time is up: end after the attempt under way."""
        self._halt.set()

    def run(self, beat: Beat) -> None:
        """Deliver until closed and empty, or halted."""
        retry = RetryUntilStopped(self._halt, beat)
        while not self._halt.is_set():
            beat.rest()
            self._collect(is_patient=True)
            beat.beat()
            if self._is_closed and not self._waiting:
                return  # quarantined events' messages are released: no point in waiting for them
            try:
                delivered = retry.call(self._try, self._failed, self._status.pause)
                if delivered:
                    self._delivered(self._sink.name, [pending.session for pending in delivered], retry)
            except (SinkError, LedgerError):
                return  # halted: the messages stay, and the next to receive them delivers the rest

    def _collect(self, *, is_patient: bool = False) -> None:
        try:
            while not self._is_closed:
                may_wait = is_patient and not self._waiting
                pending = self._inbox.get(block=may_wait, timeout=self._seconds_until_due() if may_wait else None)
                if pending is None:
                    self._is_closed = True
                else:
                    self._waiting.add([pending])
        except Empty:
            return

    def _seconds_until_due(self) -> float | None:
        """Seconds until a quarantined event or a check of the sink is due; None if neither is."""
        now = self._clock.monotonic()
        check = max(0.0, self._check_due - now)
        seconds = min(check, inf if (first := self._quarantine.seconds_until_due(now)) is None else first)
        return None if seconds == inf else seconds

    def _try(self) -> Sequence[PendingDelivery]:
        """Attempt a batch, or a single event while the circuit is open; returns what was delivered.

        Raises:
            SinkError: nothing was, and it may not be the events' fault.
        """
        self._collect()
        source, batch = self._next_batch()
        self._status.record_start()
        if not batch:
            self._check()
            return ()
        begun = self._clock.monotonic()
        try:
            results = self._attempt.deliver_once([pending.event for pending in batch])
        except SinkError:
            self._waiting.add(batch)  # after the others: one of them may show that the sink works
            raise
        finally:
            if source is self._quarantine:
                self._quarantine.record_time(begun, self._clock.monotonic())
        self._check_due = self._clock.monotonic() + self._check_interval
        return self._sort(source, batch, results)

    def _next_batch(self) -> tuple[DeliveryQueue | Quarantine, Sequence[PendingDelivery]]:
        """What to attempt next, and where it was taken from; nothing, if nothing is due."""
        now = self._clock.monotonic()
        if self._status.is_down:
            trial = self._waiting.take_trial()
            return (self._waiting, trial) if trial else (self._quarantine, self._quarantine.take_due(now, 1))
        if not self._waiting or self._quarantine.may_interrupt(now):
            apart = self._quarantine.take_due(now, max(1, int(SHARE * self._sink.max_batch)))
            if apart:
                return self._quarantine, apart
        return self._waiting, self._waiting.take(self._sink.max_batch)

    def _check(self) -> None:
        """Check the sink's target, if it can vanish unnoticed and nothing has been sent there for long.

        Raises:
            SinkError: it is missing.
        """
        if self._clock.monotonic() < self._check_due and not (self._status.is_down and self._check_interval < inf):
            return
        self._attempt.check()
        self._check_due = self._clock.monotonic() + self._check_interval
        self._status.record_success()

    def _sort(
        self,
        source: DeliveryQueue | Quarantine,
        batch: Sequence[PendingDelivery],
        results: Sequence[EventResult],
    ) -> Sequence[PendingDelivery]:
        """Put each event of a batch where its result requires; returns what was delivered.

        Raises:
            SinkError: nothing was delivered, and not every failure is the events' fault.
        """
        by_status: dict[EventStatus, list[PendingDelivery]] = {status: [] for status in EventStatus}
        left: list[tuple[PendingDelivery, str]] = []
        for pending, result in zip(batch, results, strict=True):
            by_status[result.status].append(pending)
            is_counted = result.status in (EventStatus.FAILED, EventStatus.REJECTED)
            if is_counted and not self._set_apart(pending, result):
                left.append((pending, result.reason))
        source.put_back(by_status[EventStatus.NOT_ATTEMPTED])
        self._waiting.add(pending for pending, _ in left)
        delivered = by_status[EventStatus.DELIVERED]
        if delivered:
            self._quarantine.record_delivery()
        if delivered or by_status[EventStatus.REJECTED]:
            self._status.record_success()  # it delivered something, or read it closely enough to reject it
        self._report(left, is_outage=not delivered)
        return delivered

    def _report(self, left: Sequence[tuple[PendingDelivery, str]], *, is_outage: bool) -> None:
        """Report a failure, unless it is known to be the events' fault.

        Raises:
            SinkError: nothing else in the batch was delivered.
        """
        if not left:
            return
        reason = left[0][1]
        if is_outage:
            raise SinkError(reason)
        sessions = [pending.session.session_id for pending, _ in left]
        log.warning("batch_partially_delivered", sink=self._sink.name, session_ids=sessions, error=reason)

    def _set_apart(self, pending: PendingDelivery, result: EventResult) -> bool:
        """Count a failure of this event; returns whether it is poison, and so was quarantined or given up."""
        ruling = self._quarantine.record_failure(pending, result, self._clock.monotonic())
        if ruling is Ruling.RETRY:
            return False
        is_over = ruling is Ruling.GIVEN_UP
        seconds = pending.due - self._clock.monotonic()
        log.error(
            "event_rejected",
            sink=self._sink.name,
            session_id=pending.session.session_id,
            bytes=len(pending.event.body.encode()),
            error=result.reason,
            rejections=pending.strikes,
            consequence=GIVEN_UP if is_over else f"it is retried in {seconds:.0f} s; other events are not held up",
        )
        if is_over:
            self._given_up(self._sink.name, pending.session, result.reason)
        return True

    def _failed(self, error: BaseException) -> None:
        self._status.record_failure(error)
        if self._status.is_down:
            self._waiting.drop_abandoned()
            self._status.make_unready(error, len(self._waiting) + len(self._quarantine))
        self._give_up_if_down()

    def _give_up_if_down(self) -> None:
        if self._is_closing and self._status.is_down:
            self._halt.set()
