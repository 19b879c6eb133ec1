"""Probes the queue's depth, and the endpoint while no poll shows its state."""

import math
from collections.abc import Callable, Iterator, Sequence
from threading import Event

from watcher.domain.errors import LedgerError, OperatorError, PermanentPollError, PollError, QueueError
from watcher.domain.model import DEFAULT_POLICY, SessionKey
from watcher.domain.ports import Clock, Ledger, Queue, SessionResults
from watcher.polling import endpoint_check
from watcher.polling.endpoint_check import EndpointCheck
from watcher.polling.scheduler import Scheduler
from watcher.telemetry.health import Beat
from watcher.telemetry.metrics import Metrics
from watcher.telemetry.readiness import Readiness

DEPTH_INTERVAL = 5.0
PROBE_INTERVAL = 30.0

DEPTH = "queue depth"
"""A separate part, because a consumer that waits for room would be slow to report that the queue works again."""

STARTING = "startup"
"""The readiness part that is set until the first probe is over."""

NOBODY = SessionKey(endpoint_check.NOBODY, DEFAULT_POLICY)
"""Looked up in the ledger, or polled, to see the answer."""


class Prober:
    """Keeps the queue's metrics and an idle watcher's readiness up to date."""

    def __init__(
        self,
        *,
        queue: Queue,
        ledger: Ledger,
        results: SessionResults,
        endpoint: EndpointCheck,
        scheduler: Scheduler,
        clock: Clock,
        metrics: Metrics,
        readiness: Readiness,
        also: Sequence[Callable[[], None]] = (),
    ) -> None:
        """`also`: called as often."""
        self._also = also
        self._queue = queue
        self._ledger = ledger
        self._results = results
        self._endpoint = endpoint
        self._scheduler = scheduler
        self._clock = clock
        self._metrics = metrics
        self._readiness = readiness
        self._probed_at = -math.inf
        readiness.mark_unavailable(STARTING, "the first probe of queue, endpoint and ledger is not over")

    def run(self, stop: Event, beat: Beat) -> None:
        """Probe, at once and then every few seconds, until `stop`."""
        while not stop.is_set():
            self.probe(beat)
            beat.rest()
            stop.wait(DEPTH_INTERVAL)

    def probe(self, beat: Beat) -> None:
        """Get the queue's depth; probe endpoint and ledger if nothing is polled and the last probe is old."""
        for step in (self._probe_depth, *self._probes(), *self._also):
            beat.beat()
            step()
        self._readiness.mark_recovered(STARTING)

    def _probe_depth(self) -> None:
        try:
            self._metrics.show_depth(self._queue.depth())
            self._readiness.mark_recovered(DEPTH)
        except QueueError as error:
            self._readiness.mark_unavailable(DEPTH, error, "the metrics of the queue's depth are out of date")

    def _probes(self) -> Iterator[Callable[[], None]]:
        """The parts that are probed from time to time while nothing is polled."""
        now = self._clock.monotonic()
        if not len(self._scheduler) and now - self._probed_at >= PROBE_INTERVAL:
            self._probed_at = now
            yield self._probe_endpoint
            yield self._probe_credentials
            yield self._probe_ledger

    def _probe_endpoint(self) -> None:
        try:
            self._results.probe()
        except PollError as error:
            self._readiness.mark_unavailable("endpoint", error, "no session can be polled")
        else:
            if not self._endpoint.is_at_fault or self._endpoint.ask_again():  # a proxy's page is reachable, too
                self._readiness.mark_recovered("endpoint")

    def _probe_credentials(self) -> None:
        """If the last poll was denied, poll a session that can't exist, to see whether access works again.

        Only then, because the call counts towards the account's quota.
        """
        if "credentials" not in self._readiness.problems():
            return
        try:
            self._results.get(NOBODY.session_id)
        except PermanentPollError:
            pass  # not found: the service has accepted the credentials
        except PollError as error:
            if isinstance(error, OperatorError):
                self._readiness.mark_unavailable("credentials", error, "no session can be polled")
            return  # a throttle, or no answer: that says nothing about them
        self._readiness.mark_recovered("credentials")

    def _probe_ledger(self) -> None:
        try:
            self._ledger.find([NOBODY])
        except LedgerError as error:
            self._readiness.mark_unavailable("ledger", error, "what comes can't be taken in")
        else:
            self._readiness.mark_recovered("ledger")
