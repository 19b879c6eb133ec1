"""Receives messages from the queue while there is room, and turns them into sessions."""

from collections.abc import Sequence
from functools import partial
from threading import Event
from typing import Any, Protocol

import structlog

from watcher.consumer.dead_letters import DeadLetterWriter
from watcher.consumer.envelope import opened
from watcher.consumer.hint_receiver import HintReceiver
from watcher.consumer.message import parse_message
from watcher.consumer.new_session import creation_of, new_session
from watcher.consumer.s3_notification import S3Notification, s3_notification
from watcher.domain.active_rules import ActiveRules
from watcher.domain.errors import InvalidMessage, LedgerError, QueueError
from watcher.domain.model import NO_CONTEXT, DeadReason, Lease, LedgerEntry, ReceivedMessage, SessionRequest
from watcher.domain.ports import Clock, Ledger, Queue
from watcher.sessions.context_conflict import warn_of_conflict
from watcher.sessions.in_flight import InFlight
from watcher.sessions.session import Session
from watcher.telemetry.health import Beat
from watcher.telemetry.metrics import Metrics
from watcher.telemetry.readiness import Readiness
from watcher.util.retry import RetryUntilStopped
from watcher.util.rfc3339 import timestamp

log = structlog.get_logger(__name__)

RECEIVE_WAIT = 6.0
"""Seconds that one receive waits for a message: well below the time after which readiness calls it stuck."""

ROOM_WAIT = 5.0
"""Seconds between two checks for room."""


class Polls(Protocol):
    """What the consumer knows of the polling stage."""

    def admit(self, session: Session) -> None:
        """Take over a new session."""

    def may_be_older(self, session: Session, created_monotonic: float) -> None:
        """Another message gives this creation time for a session, so AWS may forget it earlier."""


class Deliveries(Protocol):
    """What the consumer knows of the delivery stage."""

    def resume(self, session: Session, entry: LedgerEntry) -> None:
        """Take over a session that the ledger has a decision for."""


class Consumer:
    """Receives and parses messages, answers decided ones from the ledger, and starts a session for the rest."""

    def __init__(
        self,
        *,
        queue: Queue,
        ledger: Ledger,
        in_flight: InFlight,
        polls: Polls,
        deliveries: Deliveries,
        hints: HintReceiver,
        dead_letters: DeadLetterWriter,
        active_rules: ActiveRules[Any],
        clock: Clock,
        metrics: Metrics,
        readiness: Readiness,
    ) -> None:
        self._queue = queue
        self._ledger = ledger
        self._in_flight = in_flight
        self._polls = polls
        self._deliveries = deliveries
        self._hints = hints
        self._dead_letters = dead_letters
        self._active_rules = active_rules
        self._clock = clock
        self._metrics = metrics
        self._readiness = readiness
        self._is_full = False

    def run(self, stop: Event, beat: Beat) -> None:
        """Receive until `stop`. Messages that arrive at that moment are tracked, so that they can be released."""
        retry = RetryUntilStopped(stop, beat)
        while not stop.is_set():
            beat.beat()
            room = self._in_flight.wait_for_room(ROOM_WAIT)
            self._log_if_full(is_full=room == 0 and not stop.is_set())
            if room > 0:
                self._receive(min(room, self._queue.max_batch), stop, retry)

    def _log_if_full(self, *, is_full: bool) -> None:
        if is_full and not self._is_full:
            log.warning(
                "in_flight_limit_reached",
                in_flight=len(self._in_flight),
                consequence="nothing is received until there is room",
            )
        self._is_full = is_full

    def _receive(self, limit: int, stop: Event, retry: RetryUntilStopped) -> None:
        receive = partial(self._queue.receive, limit, RECEIVE_WAIT, stop)
        try:
            messages = retry.call(receive, partial(self._failed, "queue"))
        except QueueError:
            return  # stopped while the queue was down: nothing was received
        if messages or not stop.is_set():  # a stop ends a receive early, so it proves nothing
            self._readiness.mark_recovered("queue")
        if messages:
            self.process(messages, retry)

    def process(self, messages: Sequence[ReceivedMessage], retry: RetryUntilStopped) -> None:
        """Turn each message into a session, or use its hint; dead-letter those that can never be served."""
        leases = [message.lease for message in messages]
        if not self._in_flight.track(leases, self._clock.monotonic()):
            self._release(leases)  # a receive that outlasted the drain
            return
        parsed = [(message, content) for message in messages if (content := self._parse(message)) is not None]
        self._serve([(message, one) for message, one in parsed if isinstance(one, SessionRequest)], retry)
        # After the requests: one of them may ask for the session that a hint names.
        self._hints.notified([one for _, one in parsed if isinstance(one, S3Notification)])
        self._ack(self._in_flight.take_fresh(leases))

    def _serve(self, requests: Sequence[tuple[ReceivedMessage, SessionRequest]], retry: RetryUntilStopped) -> None:
        if not requests:
            return
        find = partial(self._ledger.find, [request.key for _, request in requests])
        try:
            entries = retry.call(find, partial(self._failed, "ledger"))
        except LedgerError:
            # Stopped while the ledger was down. Without it we can't tell what is decided: release the messages.
            self._release([message.lease for message, _ in requests])
            return
        self._readiness.mark_recovered("ledger")
        for message, request in requests:
            entry = entries.get(request.key)
            if entry and entry.fault:
                self._dead_letter(message, InvalidMessage(DeadReason.UNREADABLE_DECISION, entry.fault))
            else:
                self._admit(message, request, entry)

    def _ack(self, leases: Sequence[Lease]) -> None:
        """Ack messages that no session needs: notifications, and repeated ones."""
        if not leases:
            return
        try:
            self._queue.ack(leases)
        except QueueError as error:
            consequence = "they are received again"
            log.warning("spare_messages_not_acked", messages=len(leases), error=str(error), consequence=consequence)

    def _release(self, leases: Sequence[Lease]) -> None:
        self._in_flight.untrack(leases)
        try:
            self._queue.release(leases)
        except QueueError as error:
            log.error("release_failed", messages=len(leases), error=str(error), consequence="their leases expire")

    def _parse(self, message: ReceivedMessage) -> SessionRequest | S3Notification | None:
        try:
            return self._content(message)
        except InvalidMessage as fault:
            self._dead_letter(message, fault)
            return None

    def _content(self, message: ReceivedMessage) -> SessionRequest | S3Notification:
        if message.fault:
            raise InvalidMessage(DeadReason.INVALID_MESSAGE, message.fault)
        envelope = opened(message.body)
        if (notification := s3_notification(envelope.fields)) is not None:
            return notification
        rules = self._active_rules.rules
        return parse_message(
            envelope,
            message.sent_at,
            rules.decision.keys(),
            message.attributes,
            require_policy=rules.require_policy,
            first_sent_at=message.first_sent_at,
            lifetime=rules.session_timeout,
        )

    def _dead_letter(self, message: ReceivedMessage, fault: InvalidMessage) -> None:
        self._in_flight.untrack([message.lease])
        self._dead_letters.put(message, fault)

    def _admit(self, message: ReceivedMessage, request: SessionRequest, entry: LedgerEntry | None) -> None:
        self._metrics.received.inc()
        if warning := request.ignored.get("createdAt"):
            log.warning("created_at_ignored", session_id=request.key.session_id, warning=warning)
        if request.creation.rejected is not None and entry is None:
            log.warning(
                "creation_time_corrected",
                session_id=request.key.session_id,
                claimed=timestamp(request.creation.rejected),
                sent_at=timestamp(message.sent_at),
                consequence="they differ by more than a session's lifetime: the claimed time is ignored",
            )
        created_monotonic = creation_of(message, request, self._clock)
        if self._merge(message, request, created_monotonic):
            return
        lifetime = self._active_rules.rules.session_timeout
        session = new_session(message, request, created_monotonic, lifetime, entry, self._clock)
        if not self._in_flight.add(session, message.lease):
            return  # its lease was lost during the ledger call, or everything was released
        if entry is not None:
            log.debug("already_decided", session_id=request.key.session_id, policy=request.key.policy)
            self._hints.decided(request)
            self._deliveries.resume(session, entry)
        else:
            self._hints.started(request, session)
            self._polls.admit(session)

    def _merge(self, message: ReceivedMessage, request: SessionRequest, created_monotonic: float) -> bool:
        """Merge the message into its session if that is in flight already; returns whether it was."""
        given = request.created_at if request.creation.is_given else None
        merged = self._in_flight.merge(request.key, message.lease, given, created_monotonic)
        if merged is None:
            return False
        log.debug("duplicate_message_merged", session_id=request.key.session_id, policy=request.key.policy)
        if request.context != NO_CONTEXT:
            warn_of_conflict(request.key, merged.context, request.context)
        self._polls.may_be_older(merged, created_monotonic)
        self._hints.merged(request)
        return True

    def _failed(self, part: str, error: BaseException) -> None:
        self._readiness.mark_unavailable(part, error, "nothing is received until it works")
