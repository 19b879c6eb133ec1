"""Whether a sink works: its circuit breaker, and the log, metric and readiness that report it."""

import structlog
from tenacity import RetryCallState

from watcher.delivery.circuit_breaker import CircuitBreaker
from watcher.domain.errors import SinkError
from watcher.domain.ports import Clock
from watcher.telemetry.metrics import Metrics
from watcher.telemetry.readiness import Readiness

log = structlog.get_logger(__name__)


class SinkStatus:
    """The state of one sink."""

    def __init__(self, name: str, clock: Clock, metrics: Metrics, readiness: Readiness) -> None:
        self._name = name
        self._clock = clock
        self._metrics = metrics
        self._readiness = readiness
        self._circuit = CircuitBreaker()
        self._begun = clock.monotonic()

    def record_start(self) -> None:
        """An attempt begins: a sink that never answers has been failing since then."""
        self._begun = self._clock.monotonic()

    @property
    def is_down(self) -> bool:
        """Whether the circuit is open, so that the sink gets one event at a time."""
        return self._circuit.is_open

    def pause(self, state: RetryCallState) -> float:
        """Seconds until the next attempt; a tenacity wait."""
        return self._circuit.pause(state)

    def record_failure(self, error: BaseException) -> None:
        """The sink failed."""
        asked = error.retry_after if isinstance(error, SinkError) else None
        if self._circuit.record_failure(self._clock.monotonic(), asked, self._begun):
            self._metrics.circuit_open.labels(self._name).set(1)
            # A sink that asks for time says itself when it is tried again, or that it never is.
            tried = "; one decision is tried every few seconds" if asked is None else ""
            consequence = f"its decisions and their acks wait{tried}"
            log.error("circuit_opened", sink=self._name, error=str(error), consequence=consequence)
        else:
            log.warning("sink_failed", sink=self._name, error=str(error))

    def make_unready(self, error: BaseException, waiting: int) -> None:
        """Report to readiness that the sink is down, why, and how many decisions wait for it."""
        self._readiness.mark_unavailable(f"sink {self._name}", error, state=f"circuit open, {waiting} decisions wait")

    def record_success(self) -> None:
        """The sink delivered something, or answered in a way that only a working one does."""
        seconds = self._circuit.record_success(self._clock.monotonic())
        if seconds is not None:
            self._metrics.circuit_open.labels(self._name).set(0)
            self._readiness.mark_recovered(f"sink {self._name}")
            log.info("circuit_closed", sink=self._name, seconds=round(seconds, 1))
