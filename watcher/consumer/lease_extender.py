"""Keeps the leases of everything in flight alive, and lets go of what was lost."""

from collections.abc import Sequence
from threading import Event

import structlog

from watcher.domain.errors import PartialExtendError, QueueError
from watcher.domain.model import Lease
from watcher.domain.ports import Clock, Queue
from watcher.sessions.in_flight import InFlight
from watcher.telemetry.health import Beat
from watcher.telemetry.metrics import Metrics
from watcher.telemetry.readiness import Readiness

log = structlog.get_logger(__name__)

EXTEND_AFTER = 2 / 5
"""Share of a lease's time within which it is extended again. A lost lease shows when it is to be extended: so long
can the polls of its session go on at most. And three fifths are left to try again in when the queue fails."""

CHECK_EVERY = 1 / 40
"""Share of a lease's time between two checks. Short, so that a lease is extended just before that time: what
ends before that, as many sessions do, costs no call."""

EARLIEST = EXTEND_AFTER / 2
"""Share of a lease's time after which it is extended along with others that fill no batch: ten cost no more than
one, and it would have its turn soon anyway."""

RETRY_AFTER = 1 / 12
"""Share of a lease's time before the next check when the queue failed."""


class LeaseExtender:
    """Extends every lease in time, from receipt to ack, through the drain too."""

    def __init__(
        self,
        *,
        queue: Queue,
        in_flight: InFlight,
        visibility_timeout: float,
        clock: Clock,
        metrics: Metrics,
        readiness: Readiness,
    ) -> None:
        """`visibility_timeout`: seconds that a lease lasts."""
        self._queue = queue
        self._in_flight = in_flight
        self._lease = visibility_timeout
        self._clock = clock
        self._metrics = metrics
        self._readiness = readiness

    def run(self, stop: Event, beat: Beat) -> None:
        """Look until `stop`. A failure is tried again sooner, never given up: live work would be redelivered."""
        pause = self._lease * CHECK_EVERY
        while not stop.wait(pause):
            beat.beat()
            pause = self._lease * (CHECK_EVERY if self.extend_due() else RETRY_AFTER)
            beat.rest()

    def extend_due(self) -> bool:
        """Extend the leases whose time for it has come; False if the queue failed for some."""
        now = self._clock.monotonic()
        # Two checks ahead: one until the next check, one that the calls may take.
        due, along = now - self._lease * (EXTEND_AFTER - 2 * CHECK_EVERY), now - self._lease * EARLIEST
        leases = self._in_flight.due_for_extension(due, along, self._queue.max_batch)
        if not leases:
            # What failed was due until it is gone: its session has ended, and nothing is missed.
            self._readiness.mark_recovered("leases")
            return True
        lost, remaining = self._extend(leases)
        missed = {*lost, *remaining}
        extended = [lease for lease in leases if lease not in missed]
        self._in_flight.mark_extended(extended, now)
        self._metrics.lease_extensions.labels("ok").inc(len(extended))
        self._drop_lost(lost)
        return not remaining

    def _extend(self, leases: Sequence[Lease]) -> tuple[Sequence[Lease], Sequence[Lease]]:
        """Those that are lost, and those that have to be tried again."""
        try:
            lost: Sequence[Lease] = self._queue.extend(leases)
        except QueueError as error:
            lost, remaining = (error.lost, error.remaining) if isinstance(error, PartialExtendError) else ((), leases)
            self._metrics.lease_extensions.labels("failed").inc(len(remaining))
            self._readiness.mark_unavailable("leases", error, "tried again", leases=len(remaining))
            return lost, remaining
        self._readiness.mark_recovered("leases")
        return lost, ()

    def _drop_lost(self, lost: Sequence[Lease]) -> None:
        # An ack may have come between: what is not in the table any more is not lost but done.
        gone = [lease for lease in lost if self._in_flight.mark_lost(lease)]
        if gone:
            self._metrics.lease_extensions.labels("lost").inc(len(gone))
            log.warning("leases_lost", messages=[lease.message_id for lease in gone])
