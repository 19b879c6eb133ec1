"""Keeps the leases of everything in flight alive, and lets go of what was lost."""

from threading import Event

import structlog

from watcher.errors import QueueError
from watcher.health import Beat, Readiness
from watcher.inflight import InFlight
from watcher.metrics import Metrics
from watcher.model import Lease
from watcher.ports import Queue

log = structlog.get_logger(__name__)

BEATS_PER_LEASE = 3
"""Beats in one visibility time-out: two may fail before a lease is lost."""


class LeaseKeeper:
    """Extends every lease three times in its life, from receipt to ack, through the drain too."""

    def __init__(
        self, queue: Queue, in_flight: InFlight, visibility_timeout: float, metrics: Metrics, readiness: Readiness
    ) -> None:
        self._queue = queue
        self._in_flight = in_flight
        self._interval = visibility_timeout / BEATS_PER_LEASE
        self._metrics = metrics
        self._readiness = readiness

    def run(self, stop: Event, beat: Beat) -> None:
        """Beat until `stop`. An error is tried again sooner, never given up: live work would be redelivered."""
        pause = self._interval
        while not stop.wait(pause):
            beat.beat()
            pause = self._interval if self.extend_all() else self._interval / 4
            beat.rest()

    def extend_all(self) -> bool:
        """Extend all leases once; False if the queue failed."""
        leases = self._in_flight.leases()
        if not leases:
            return True
        try:
            lost = self._queue.extend(leases)
        except QueueError as error:
            self._metrics.lease_extensions.labels("failed").inc(len(leases))
            if self._readiness.lost("leases", str(error)):
                log.warning("leases_not_extended", error=str(error), leases=len(leases))
            return False
        self._readiness.regained("leases")
        self._metrics.lease_extensions.labels("ok").inc(len(leases) - len(lost))
        for lease in lost:
            self._let_go(lease)
        return True

    def _let_go(self, lease: Lease) -> None:
        self._metrics.lease_extensions.labels("lost").inc()
        watch = self._in_flight.lose(lease)
        if watch is not None:
            log.warning("lease_lost", session_id=watch.key.session_id, policy=watch.key.policy)
