"""Dead-letters messages that can never be served, in its own thread, so that an outage there delays no session."""

from collections import deque
from functools import partial
from sys import getsizeof
from threading import Condition, Event

import structlog

from watcher.domain.errors import InvalidMessage, QueueError
from watcher.domain.model import ReceivedMessage
from watcher.domain.ports import Queue
from watcher.telemetry.health import Beat, Liveness
from watcher.telemetry.metrics import Metrics
from watcher.telemetry.readiness import Readiness
from watcher.util.retry import RetryUntilStopped
from watcher.util.threads import Threads

log = structlog.get_logger(__name__)

MAX_PENDING = 100
"""Maximum messages waiting to be dead-lettered. Further ones are redelivered when their leases expire."""

MAX_PENDING_BYTES = 16 * 1024 * 1024
"""Maximum bytes of memory for all of them but the last: enough for a hundred of 160 KiB. An SQS message may have 1
MiB, and takes four times that as text with one emoji."""

ROOM_WAIT = 1.0
"""Seconds that a message waits for a place among those, as long as dead-lettering works. In a flood this receives no
more than can be dead-lettered. Otherwise messages would be redelivered again and again, which a redrive policy
counts."""

DEAD_LETTERS = "dead letters"
"""The readiness part for dead letters that can't be written."""

ROLE = "dead-letters"
"""The thread's name in logs, metrics and /livez."""


class DeadLetterWriter:
    """Writes messages to the dead letters, in the order of their arrival.

    Their leases are not extended: if one expires first, the message is redelivered.
    """

    def __init__(
        self, *, queue: Queue, metrics: Metrics, readiness: Readiness, changed: Condition | None = None
    ) -> None:
        self._queue = queue
        self._metrics = metrics
        self._readiness = readiness
        self._pending: deque[tuple[ReceivedMessage, InvalidMessage]] = deque()
        self._pending_bytes = 0
        self._is_stuck = self._is_closed = False
        self._changed = changed or Condition()

    def put(self, message: ReceivedMessage, fault: InvalidMessage) -> None:
        """Hand over a message; without room for it, its lease expires."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_room() or self._is_stuck, ROOM_WAIT)
            if self._has_room():
                self._pending.append((message, fault))
                self._pending_bytes += _bytes_of(message)
                self._changed.notify_all()
            else:
                self._is_stuck = True  # no failure for long if the call hangs: only one message waits

    def start(self, threads: Threads, liveness: Liveness, stop: Event) -> None:
        """Start the thread."""
        threads.start(ROLE, partial(self.run, stop, liveness.beat(ROLE)))

    def run(self, stop: Event, beat: Beat) -> None:
        """Dead-letter each message, until its lease runs out; ends after the close, or a failure after `stop`."""
        retry = RetryUntilStopped(stop, beat)
        while (first := self._first(beat)) is not None:
            beat.beat()
            message, fault = first
            write = partial(self._queue.dead_letter, message, fault.reason, str(fault))
            try:
                letter_id = retry.call(write, self._failed)
            except QueueError:
                return  # stopped while dead letters are down: the rest is redelivered
            self._over(message, fault, letter_id)

    def close(self) -> None:
        """Let the thread end once all messages are written."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def drain(self, threads: Threads, deadline: float) -> None:
        """Dead-letter the rest until `deadline` (monotonic), without waiting for dead letters that are down."""
        self.close()
        if not self._is_stuck:
            threads.join([ROLE], deadline)

    def _has_room(self) -> bool:
        return len(self._pending) < MAX_PENDING and self._pending_bytes < MAX_PENDING_BYTES

    def _first(self, beat: Beat) -> tuple[ReceivedMessage, InvalidMessage] | None:
        """The next to be dead-lettered, which keeps its place until then; None after the close."""
        beat.rest()
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._is_closed)
            return self._pending[0] if self._pending else None

    def _failed(self, error: BaseException) -> None:
        self._readiness.mark_unavailable(DEAD_LETTERS, error, "what can't be served comes again")
        with self._changed:
            self._is_stuck = True
            self._changed.notify_all()

    def _over(self, message: ReceivedMessage, fault: InvalidMessage, letter_id: str | None) -> None:
        self._readiness.mark_recovered(DEAD_LETTERS)
        if letter_id is not None:  # else it is redelivered, perhaps many times: it counts once it is a dead letter
            self._metrics.dead_letters.labels(fault.reason.value).inc()
            log.warning(
                "message_dead_lettered",
                message_id=message.lease.message_id,
                dead_letter_id=letter_id,
                reason=fault.reason.value,
                detail=str(fault),
            )
        with self._changed:
            self._pending.popleft()
            self._pending_bytes -= _bytes_of(message)
            self._is_stuck = False
            self._changed.notify_all()


def _bytes_of(message: ReceivedMessage) -> int:
    return getsizeof(message.body) + sum(map(getsizeof, message.attributes.values()))
