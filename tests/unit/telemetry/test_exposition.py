"""Which format a scraper gets."""

import pytest
from prometheus_client import CollectorRegistry, Counter

from watcher.telemetry.exposition import PLAIN, exposition


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("calls", "Calls.", registry=registry).inc(exemplar={"trace_id": "abc"})
    return registry


@pytest.mark.parametrize(
    "accept",
    [
        "application/openmetrics-text",
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
        "text/html, Application/OpenMetrics-Text;version=1.0.0;q=0.5, */*",
    ],
)
def test_openmetrics_is_what_has_exemplars(registry: CollectorRegistry, accept: str) -> None:
    kind, body = exposition(registry, accept)
    assert kind.startswith("application/openmetrics-text; version=1.")
    assert b'trace_id="abc"' in body
    assert body.endswith(b"# EOF\n")


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/plain",
        "application/openmetrics-text; version=0.0.1",
        "application/openmetrics-text;version=2.0.0",
    ],
)
def test_everybody_else_gets_plain_text(registry: CollectorRegistry, accept: str) -> None:
    kind, body = exposition(registry, accept)
    assert kind == PLAIN
    assert b"calls_total 1.0" in body
    assert b"trace_id" not in body
