"""The end of a session's path: its message is acked, or dead-lettered if a sink rejects its decision."""

from collections.abc import Callable, Sequence
from functools import partial

from watcher.delivery.rejections import rejected_message, rejection
from watcher.domain.errors import InvalidMessage, LedgerError, QueueError
from watcher.domain.model import ReceivedMessage
from watcher.domain.ports import Ledger, Queue
from watcher.sessions.in_flight import InFlight
from watcher.sessions.session import Session
from watcher.util.retry import RetryUntilStopped

DeadLetter = Callable[[ReceivedMessage, InvalidMessage], None]


class Acker:
    """Ends sessions whose decision no sink is waiting for."""

    def __init__(
        self,
        *,
        queue: Queue,
        ledger: Ledger,
        in_flight: InFlight,
        dead_letter: DeadLetter,
        failed: Callable[[str, BaseException], None],
        worked: Callable[[str], object],
    ) -> None:
        """`dead_letter` takes over a message, whose lease is no longer extended, with the reason.

        `failed` and `worked` report on the "ledger" and the "queue".
        """
        self._queue = queue
        self._ledger = ledger
        self._in_flight = in_flight
        self._dead_letter = dead_letter
        self._ledger_failed = partial(failed, "ledger")
        self._queue_failed = partial(failed, "queue")
        self._worked = worked

    def finish(self, batch: Sequence[Session], retry: RetryUntilStopped) -> None:
        """Dead-letter sessions that a sink has rejected for good; ack those that every sink has."""
        for session in batch:
            if session.rejections:
                # Not marked as acked: a replay, once the sink is fixed, delivers the decision to that sink alone.
                self.dead_letter(session, rejection(session))
        delivered = [session for session in batch if not session.rejections]
        if not delivered:
            return
        try:
            self._ack(delivered, retry)
        except (QueueError, LedgerError):
            return  # halted: the messages are redelivered, and then answered from the ledger
        self._worked("queue")

    def _ack(self, batch: Sequence[Session], retry: RetryUntilStopped) -> None:
        delivered = [session.key for session in batch if not session.is_abandoned]
        # Marked before the ack: after a crash in between, the message is redelivered and the same event is sent
        # again. The other way round, a new request for this session might get no event at all.
        retry.call(partial(self._ledger.mark_acked, delivered), self._ledger_failed)
        self._worked("ledger")
        # Removed from the table only now: a long outage of the ledger must not cost the leases.
        acked = [lease for session in batch for lease in self._in_flight.finish(session)]
        retry.call(partial(self._queue.ack, acked), self._queue_failed)

    def dead_letter(self, session: Session, reason: InvalidMessage) -> None:
        """End a session whose decision can't be delivered: all its messages become dead letters."""
        for lease in self._in_flight.finish(session):
            self._dead_letter(rejected_message(session, lease), reason)
