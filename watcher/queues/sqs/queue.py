"""An Amazon SQS queue, standard or FIFO, using only the documented protocol.

A message is leased, not removed: only `ack` and `dead_letter` delete it. In a FIFO queue a message in flight blocks
the rest of its group. Groups are sessions, which are watched once at a time anyway.
"""

import math
from collections.abc import Sequence
from functools import partial
from threading import Event, Lock

import structlog

from watcher.aws.batch_limits import BATCH_LIMITS
from watcher.config.settings import Settings
from watcher.domain.model import DeadReason, Lease, QueueDepth, ReceivedMessage
from watcher.domain.ports import Clock
from watcher.queues.sqs.batches import BatchCaller
from watcher.queues.sqs.client import SqsCaller, open_caller
from watcher.queues.sqs.constants import BATCHING, POLLING
from watcher.queues.sqs.dead_letter_writer import DeadLetterSender, log_fields
from watcher.queues.sqs.dead_letters import open_dead_letters
from watcher.queues.sqs.errors import SqsFault
from watcher.queues.sqs.leases import Leases
from watcher.queues.sqs.long_poll import LongPoll
from watcher.queues.sqs.messages import RECEIVED, received_message, received_messages, whole_number
from watcher.queues.sqs.receive_pacing import ReceivePacing
from watcher.queues.sqs.redrive_policy import advise
from watcher.queues.sqs.send import send
from watcher.queues.sqs.time import service_time

__all__ = ["SqsQueue", "advise", "open_dead_letters", "open_queue"]

REDRIVE_HINT = "it returns when its lease expires: set queue.dead_letter_url, or see the queue's redrive policy"

log = structlog.get_logger(__name__)


class SqsQueue:
    """The queue that `caller` calls; leases last `visibility_timeout` whole seconds.

    Raises:
        QueueError: in every method; the text names the queue and the fix.
    """

    max_batch = BATCH_LIMITS.entries

    def __init__(
        self, caller: SqsCaller, visibility_timeout: float, clock: Clock, dead_letters: SqsCaller | None = None
    ) -> None:
        self._caller = caller
        self._clock = clock
        self._visibility = max(1, int(visibility_timeout))
        self._batches = BatchCaller(clock)
        self._leases = Leases(caller, self._batches, clock, self._visibility)
        self._dead_letters = dead_letters
        self._dead_letter_sender = DeadLetterSender(dead_letters, self._batches) if dead_letters else None
        self._lock = Lock()
        self._polls: set[LongPoll[list[ReceivedMessage]]] = set()
        self._pace = ReceivePacing(clock)

    def receive(self, limit: int, wait: float, stop: Event) -> list[ReceivedMessage]:
        """Up to `limit` messages (at most `max_batch`); see the port.

        A stop ends the wait at once; messages that a poll under way still receives are released.
        """
        limit = min(limit, self.max_batch)
        if limit <= 0 or stop.is_set():
            return []
        if wait <= 0:
            return self._receive(limit, 0)
        deadline = self._clock.monotonic() + wait
        longest = POLLING.short_poll if self._visibility < POLLING.short_lease else POLLING.longest_poll
        while True:
            if self._pace.pause:
                stop.wait(min(self._pace.pause, max(0.0, deadline - self._clock.monotonic())))
            if stop.is_set() or (left := deadline - self._clock.monotonic()) <= 0:
                return []
            received = self._poll(limit, min(longest, math.ceil(left)), stop)
            self._pace.note(len(received), limit)
            if received:
                return received

    def extend(self, leases: Sequence[Lease]) -> list[Lease]:
        """A full visibility time-out from now for each; see `Leases`."""
        return self._leases.extend(leases)

    def ack(self, leases: Sequence[Lease]) -> list[Lease]:
        """Delete the messages; see `Leases`."""
        return self._leases.ack(leases)

    def release(self, leases: Sequence[Lease], seconds: float = BATCHING.lease_seconds) -> None:
        """Release the messages within `seconds`; see `Leases`."""
        self._leases.release(leases, seconds)

    def dead_letter(self, message: ReceivedMessage, reason: DeadReason, detail: str) -> str | None:
        """Move the message to the dead letters, if there is a queue for them; there it keeps its id.

        Without one the lease expires, and only the queue's redrive policy can remove the message. Releasing it would
        have it received again at once, over and over until `maxReceiveCount`.
        """
        if not self._leases.held.has(message.lease):
            return None
        if self._dead_letter_sender and self._dead_letter_sender.send(message, reason, detail):
            self.ack([message.lease])
            self._dead_letter_sender.forget(message)
            return message.lease.message_id
        self._leases.held.drop([message.lease])
        if not self._dead_letter_sender:
            log.warning("dead_letter_queue_missing", **log_fields(message, reason, detail), consequence=REDRIVE_HINT)
        return None

    def send(self, bodies: Sequence[str]) -> None:
        """Put messages on the queue. If SQS would reject one, none is sent; see `send.send`.

        Raises:
            QueueError: one is too large or not valid text, and none was sent; or it names those not sent.
        """
        send(self._caller, self._batches, bodies)

    def depth(self) -> QueueDepth:
        """About how many wait (including delayed ones), are leased and dead. SQS doesn't give the oldest's age."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed")
        *waiting, leased = _counts(self._caller, *names, "ApproximateNumberOfMessagesNotVisible")
        dead = sum(_counts(self._dead_letters, *names)) if self._dead_letters else None
        return QueueDepth(sum(waiting), leased, dead)

    def close(self, seconds: float = POLLING.close_wait) -> None:
        """Wait for an abandoned poll, so that its messages are released; then close the connections."""
        deadline = self._clock.monotonic() + min(seconds, POLLING.close_wait)
        with self._lock:
            polls, self._polls = self._polls, set()
        for poll in polls:
            poll.join(max(0.0, deadline - self._clock.monotonic()))
        self._batches.close()
        self._caller.close()
        if self._dead_letters:
            self._dead_letters.close()

    def _poll(self, limit: int, wait: int, stop: Event) -> list[ReceivedMessage]:
        poll = LongPoll(partial(self._receive, limit, wait), self._give_back)
        with self._lock:
            self._polls.add(poll)
        try:
            return poll.wait(stop) or []
        finally:
            with self._lock:
                self._polls = {other for other in self._polls if not other.join(0)}

    def _give_back(self, received: Sequence[ReceivedMessage]) -> None:
        self.release([message.lease for message in received])

    def _receive(self, limit: int, wait: int) -> list[ReceivedMessage]:
        since = self._clock.monotonic()
        messages, now = self._caller.ask(
            "receive_message",
            lambda answer: (received_messages(answer), service_time(answer, self._clock.time())),
            MaxNumberOfMessages=limit,
            WaitTimeSeconds=wait,
            VisibilityTimeout=self._visibility,
            **RECEIVED,
        )
        monotonic = self._clock.monotonic()
        received = [received_message(message, now, monotonic) for message in messages]
        self._leases.held.take((message.lease for message in received), since)
        return received


def _counts(caller: SqsCaller, *names: str) -> list[int]:
    """These attributes, which every queue has: a queue without them must not look empty."""
    found = caller.attributes(*names)
    for name in names:
        if whole_number(found.get(name), -1) < 0:
            raise SqsFault(f"{caller.shown}: the answer has no {name}; check queue.endpoint_url", is_transient=True)
    return [whole_number(found[name], 0) for name in names]


def open_queue(settings: Settings, clock: Clock) -> SqsQueue:
    """The queue that the settings name, with its dead-letter queue if they name one; does not call them yet.

    Raises:
        ConfigError: a setting that can't be used.
    """
    queue, aws = settings.queue, settings.aws
    caller = open_caller(queue.url, queue.endpoint_url, aws)
    dead_letters = open_caller(queue.dead_letter_url, queue.endpoint_url, aws) if queue.dead_letter_url else None
    return SqsQueue(caller, queue.visibility_timeout, clock, dead_letters)
