"""A decision leads to the trace that its message belongs to."""

import pytest
from prometheus_client import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.unit.delivery.outboxes import decided, running
from tests.unit.support.world import World

pytestmark = pytest.mark.usefixtures("no_waiting")

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"


def decided_with(traceparent: str) -> World:
    world = World()
    session = world.session(1, traceparent=traceparent)
    world.clock.advance(12.0)
    with running(world) as outbox:
        decided(world, session)
        outbox.drain()
    return world


def exemplars(world: World) -> dict[tuple[str, str], tuple[dict[str, str], float]]:
    """By sample and bucket or outcome, as a scraper of OpenMetrics reads them."""
    text = generate_openmetrics(world.metrics.registry).decode()  # type: ignore[no-untyped-call]
    families: list[Metric] = list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
    return {
        (sample.name, sample.labels.get("le", sample.labels.get("outcome", ""))): (
            dict(sample.exemplar.labels),
            sample.exemplar.value,
        )
        for family in families
        for sample in family.samples
        if sample.exemplar
    }


def test_a_traced_decision_has_its_trace_in_the_bucket_of_its_latency_and_in_its_count() -> None:
    assert exemplars(decided_with(TRACEPARENT)) == {
        ("watcher_decision_latency_seconds_bucket", "15.0"): ({"trace_id": TRACE_ID}, 12.0),
        ("watcher_decisions_total", "live"): ({"trace_id": TRACE_ID}, 1.0),
    }


@pytest.mark.parametrize("traceparent", ["", "00-nonsense-00f067aa0ba902b7-01"])
def test_a_decision_without_a_valid_trace_is_counted_without_an_exemplar(traceparent: str) -> None:
    world = decided_with(traceparent)
    assert exemplars(world) == {}
    assert world.labelled("watcher_decision_latency_seconds_count") == 1


def test_the_plain_text_form_has_no_exemplars() -> None:
    assert TRACE_ID not in generate_latest(decided_with(TRACEPARENT).metrics.registry).decode()
