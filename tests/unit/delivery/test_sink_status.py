"""What the log says about a sink that is down."""

import pytest
from structlog.testing import capture_logs

from tests.support import ManualClock
from watcher.delivery.circuit_breaker import FAILURES
from watcher.delivery.sink_status import SinkStatus
from watcher.domain.errors import SinkError
from watcher.telemetry.metrics import Metrics
from watcher.telemetry.readiness import Readiness


@pytest.mark.parametrize(
    ("retry_after", "consequence"),
    [
        (None, "its decisions and their acks wait; one decision is tried every few seconds"),
        (300.0, "its decisions and their acks wait"),
    ],
)
def test_a_sink_that_asks_for_time_is_not_said_to_be_tried_every_few_seconds(
    retry_after: float | None, consequence: str
) -> None:
    status = SinkStatus("s", ManualClock(), Metrics([], ["s"]), Readiness())
    with capture_logs() as logs:
        for _ in range(FAILURES):
            status.record_failure(SinkError("gets no more requests", retry_after))
    (opened,) = [entry for entry in logs if entry["event"] == "circuit_opened"]
    assert opened["consequence"] == consequence
