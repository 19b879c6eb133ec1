"""The state in one word, and what the document has."""

from pathlib import Path
from typing import Any

import pytest

from tests.support import ManualClock, Unlimited
from tests.unit.support.builders import a_beat
from watcher.app.status import StatusParts, StatusReport
from watcher.config import AwsSettings, load
from watcher.polling.scheduler import Scheduler
from watcher.sessions.in_flight import InFlight
from watcher.telemetry.health import Liveness
from watcher.telemetry.metrics import Metrics
from watcher.telemetry.readiness import DRAINING, Readiness


class Reporting:
    """A report, with the parts that a test changes."""

    def __init__(self, aws: AwsSettings | None = None) -> None:
        self.clock = ManualClock()
        self.liveness = Liveness(self.clock)
        self.readiness = Readiness()
        self.metrics = Metrics()
        parts = StatusParts(
            clock=self.clock,
            liveness=self.liveness,
            readiness=self.readiness,
            scheduler=Scheduler(Unlimited(), self.clock, a_beat(self.clock)),
            in_flight=InFlight(10),
            metrics=self.metrics,
        )
        loaded = load(None, {}, {}, Path("/nonexistent"))
        self.report = StatusReport(parts, aws or loaded.settings.aws, lambda: loaded, dict)

    def document(self, *, shows_settings: bool = False) -> dict[str, Any]:
        return self.report(shows_settings)


@pytest.mark.parametrize(
    ("parts", "state"),
    [([], "active"), (["queue"], "degraded"), ([DRAINING], "deactivating"), (["queue", DRAINING], "deactivating")],
)
def test_the_state_follows_from_what_is_wrong(parts: list[str], state: str) -> None:
    reporting = Reporting()
    for part in parts:
        reporting.readiness.mark_unavailable(part, "broken")
    document = reporting.document()
    assert document["state"] == state
    assert [problem["part"] for problem in document["problems"]] == parts


def test_a_thread_that_hangs_makes_it_degraded() -> None:
    reporting = Reporting()
    reporting.liveness.beat("consumer").beat()
    reporting.clock.advance(60)
    reporting.clock.set_wall(0.0)
    document = reporting.document()
    assert document["state"] == "degraded"
    assert document["stuck"][0].startswith("consumer")
    assert document["uptimeSeconds"] == 60


def test_no_limit_is_null_and_decisions_are_counted_by_outcome() -> None:
    reporting = Reporting()
    reporting.metrics.decisions.labels("live", "confidence_met", "default").inc(2)
    document = reporting.document()
    assert document["callsPerSecond"] is None
    assert document["decisions"] == {"live": 2, "not_live": 0, "inconclusive": 0}


def test_settings_are_there_only_if_asked_for_and_the_region_is_the_one_in_use() -> None:
    reporting = Reporting(AwsSettings(region="eu-west-1"))
    assert reporting.document()["config"] is None
    config = reporting.document(shows_settings=True)["config"]
    assert config["settings"]["aws"]["region"] == "eu-west-1"
    assert (config["origins"]["aws.region"], config["origins"]["aws.profile"]) == ("the profile", "default")
