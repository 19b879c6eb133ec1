"""Puts aside what can never be served, in a thread of its own: dead letters that are down hold up no session."""

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

MOST_UNBURIED = 100
"""Messages kept that are not put aside yet: more are left to their leases, and come again."""

MOST_WEIGHT = 16 * 1024 * 1024
"""Bytes of memory that all of them but the last take at most: enough for a hundred of 160 KiB. A message of SQS may
have 1 MiB, and as a text with one emoji takes four times as much."""

ROOM_WAIT = 1.0
"""Seconds that a message waits for a place among those, as long as burials work: of a flood no more is received then
than is buried. Left to their leases, its messages would come again and again, and a redrive policy counts that."""

DEAD_LETTERS = "dead letters"
"""The readiness part for a place where nothing can be put aside."""

ROLE = "burials"
"""The thread's, in logs, metrics and /livez."""


class DeadLetterWriter:
    """The messages that are to be put aside, the first to come first.

    Nobody extends their leases: one that runs out before its message is buried brings the message again.
    """

    def __init__(self, *, queue: Queue, metrics: Metrics, readiness: Readiness) -> None:
        self._queue = queue
        self._metrics = metrics
        self._readiness = readiness
        self._unburied: deque[tuple[ReceivedMessage, InvalidMessage]] = deque()
        self._weight = 0
        self._is_stuck = self._is_closed = False
        self._changed = Condition()

    def put(self, delivery: ReceivedMessage, fault: InvalidMessage) -> None:
        """Hand over a message; where there is no room, it is left to its lease."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_room() or self._is_stuck, ROOM_WAIT)
            if self._has_room():
                self._unburied.append((delivery, fault))
                self._weight += _weight(delivery)
                self._changed.notify_all()
            else:
                self._is_stuck = True  # a call that hangs does not fail for long: only one message waits for it

    def start(self, threads: Threads, liveness: Liveness, stop: Event) -> None:
        """Start the thread."""
        threads.start(ROLE, partial(self.run, stop, liveness.beat(ROLE)))

    def run(self, stop: Event, beat: Beat) -> None:
        """Bury each message, until its lease has run out; ends after the close, or with a failure after `stop`."""
        patience = RetryUntilStopped(stop, beat)
        while (first := self._first(beat)) is not None:
            beat.beat()
            delivery, fault = first
            bury = partial(self._queue.bury, delivery, fault.reason, str(fault))
            try:
                letter_id = patience.call(bury, self._failed)
            except QueueError:
                return  # stopped while nothing can be put aside: all that is left comes again
            self._over(delivery, fault, letter_id)

    def close(self) -> None:
        """Let the thread end once nothing is left."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def drain(self, threads: Threads, deadline: float) -> None:
        """Bury what is left until `deadline` (monotonic); dead letters that are down are not waited for."""
        self.close()
        if not self._is_stuck:
            threads.join([ROLE], deadline)

    def _has_room(self) -> bool:
        return len(self._unburied) < MOST_UNBURIED and self._weight < MOST_WEIGHT

    def _first(self, beat: Beat) -> tuple[ReceivedMessage, InvalidMessage] | None:
        """The next to be buried, which keeps its place until it is; None after the close."""
        beat.rest()
        with self._changed:
            self._changed.wait_for(lambda: self._unburied or self._is_closed)
            return self._unburied[0] if self._unburied else None

    def _failed(self, error: BaseException) -> None:
        self._readiness.lost(DEAD_LETTERS, error, "what can't be served comes again")
        with self._changed:
            self._is_stuck = True
            self._changed.notify_all()

    def _over(self, delivery: ReceivedMessage, fault: InvalidMessage, letter_id: str | None) -> None:
        self._readiness.regained(DEAD_LETTERS)
        if letter_id is not None:  # else it comes again, perhaps many times: it counts once it is put aside
            self._metrics.dead_letters.labels(fault.reason.value).inc()
            log.warning(
                "message_dead_lettered",
                message_id=delivery.lease.message_id,
                dead_letter_id=letter_id,
                reason=fault.reason.value,
                detail=str(fault),
            )
        with self._changed:
            self._unburied.popleft()
            self._weight -= _weight(delivery)
            self._is_stuck = False
            self._changed.notify_all()


def _weight(delivery: ReceivedMessage) -> int:
    return getsizeof(delivery.body) + sum(map(getsizeof, delivery.attributes.values()))
