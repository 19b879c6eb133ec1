"""Moves messages from an SQS queue to its dead letters: sends there first, deletes afterwards."""

from threading import Lock

import structlog

from watcher.domain.model import DeadReason, ReceivedMessage
from watcher.queues.sqs.batches import BatchCaller
from watcher.queues.sqs.client import SqsCaller
from watcher.queues.sqs.constants import BATCHING
from watcher.queues.sqs.errors import TOO_LARGE
from watcher.queues.sqs.messages import DETAIL, MESSAGE_ID, REASON, RECEIVE_COUNT, SENT_AT, entry, milliseconds

log = structlog.get_logger(__name__)


def log_fields(message: ReceivedMessage, reason: DeadReason, detail: str) -> dict[str, str | int]:
    """The log event for a message that can't be dead-lettered: it is redelivered again and again."""
    lease = message.lease
    return {
        "message_id": lease.message_id,
        "receive_count": lease.receive_count,
        "reason": reason.value,
        "detail": detail,
    }


def _first_sent_at(message: ReceivedMessage) -> float:
    claim = message.first_sent_at
    return message.sent_at if claim is None else min(claim, message.sent_at)


class DeadLetterSender:
    """Sends messages to the dead-letter queue, each once however often its deletion fails."""

    def __init__(self, dead_letters: SqsCaller, batches: BatchCaller) -> None:
        self._dead_letters = dead_letters
        self._batches = batches
        self._lock = Lock()
        self._sent: dict[str, None] = {}

    def send(self, message: ReceivedMessage, reason: DeadReason, detail: str) -> bool:
        """Send the message with its reason; False if the dead-letter queue will never accept it (for its size, say).

        Raises:
            SqsFault: it was not sent.
        """
        with self._lock:
            if message.lease.receipt in self._sent:
                return True
        own = {
            SENT_AT: milliseconds(_first_sent_at(message)),
            MESSAGE_ID: message.lease.message_id,
            RECEIVE_COUNT: str(message.lease.receive_count),
            REASON: reason.value,
            DETAIL: detail[: BATCHING.longest_detail],
        }
        queue = self._dead_letters
        letter = entry(
            message.body,
            is_fifo=queue.is_fifo,
            deduplication_id=message.lease.message_id,
            own=own,
            attributes=message.attributes,
        )
        (fault,) = self._batches.run(queue, "send_message_batch", [letter], BATCHING.dead_letter_seconds)
        if fault and fault.code in TOO_LARGE:
            consequence = "only the queue's redrive policy can remove it"
            log.warning(
                "dead_letter_failed", **log_fields(message, reason, detail), error=str(fault), consequence=consequence
            )
            return False
        if fault:
            raise fault
        with self._lock:
            self._sent[message.lease.receipt] = None
            while len(self._sent) > BATCHING.most_sent:
                del self._sent[next(iter(self._sent))]
        return True

    def forget(self, message: ReceivedMessage) -> None:
        """The message is deleted: it won't be dead-lettered again."""
        with self._lock:
            self._sent.pop(message.lease.receipt, None)
