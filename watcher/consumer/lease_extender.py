"""Extends the leases of everything in flight, and drops sessions whose leases are lost."""

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
"""Share of a lease's time after which it is extended. A lost lease is only noticed then, so polls of its session
continue for at most this long. The other three fifths are for retries if the queue fails."""

CHECK_EVERY = 1 / 40
"""Share of a lease's time between two checks. Short, so that a lease is extended just before that time: sessions that
end earlier, as many do, cost no call."""

EARLIEST = EXTEND_AFTER / 2
"""Share of a lease's time after which it may fill up a batch of others: ten cost no more than one, and its turn would
come soon anyway."""

RETRY_AFTER = 1 / 12
"""Share of a lease's time before the next check when the queue failed."""


class LeaseExtender:
    """Extends every lease in time, from receipt to ack, during the drain as well."""

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
        """Check until `stop`. Failures are retried sooner, without end: live work would be redelivered."""
        pause = self._lease * CHECK_EVERY
        while not stop.wait(pause):
            beat.beat()
            pause = self._lease * (CHECK_EVERY if self.extend_due() else RETRY_AFTER)
            beat.rest()

    def extend_due(self) -> bool:
        """Extend the leases that are due; False if the queue failed for some."""
        now = self._clock.monotonic()
        # Two checks ahead: one until the next check, one for the calls.
        due, along = now - self._lease * (EXTEND_AFTER - 2 * CHECK_EVERY), now - self._lease * EARLIEST
        leases = self._in_flight.due_for_extension(due, along, self._queue.max_batch)
        if not leases:
            # A failed one stays due until it is gone, which means that its session has ended.
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
        """Those that are lost, and those to retry."""
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
        # An ack may have come in between: a lease that is no longer in the table is done, not lost.
        gone = [lease for lease in lost if self._in_flight.mark_lost(lease)]
        if gone:
            self._metrics.lease_extensions.labels("lost").inc(len(gone))
            log.warning("leases_lost", messages=[lease.message_id for lease in gone])
