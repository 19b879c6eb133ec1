"""The demo's numbers, as the daemon's metrics have them."""

from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from watcher.cli.demo.snapshot import Scrape, Snapshot, read_metrics
from watcher.telemetry.metrics import Metrics


def read(metrics: Metrics) -> Scrape:
    return read_metrics(text_string_to_metric_families(generate_latest(metrics.registry).decode()))


def test_numbers_come_from_the_daemons_metrics() -> None:
    metrics = Metrics(["payout"], ["file"])
    metrics.decisions.labels("live", "confidence_met", "default").inc(3)
    metrics.decisions.labels("live", "confidence_met", "payout").inc(2)
    metrics.decisions.labels("inconclusive", "timed_out", "default").inc()
    metrics.polls.labels("created").inc(40)
    metrics.polls.labels("throttled").inc(2)
    metrics.dead_letters.labels("invalid_message").inc()
    metrics.dead_letters.labels("too_large").inc(2)
    metrics.in_flight.set(4)
    found = read(metrics)
    assert (found.outcomes["live"], found.outcomes["inconclusive"], found.polls["throttled"]) == (5, 1, 2)
    assert (found.in_flight, found.dead) == (4, 3)
    now = Snapshot(1.0, planned=12, begun=10, scrape=found)
    assert (now.decided, now.polls) == (6, 42)


def test_a_daemon_that_has_just_started_has_done_nothing() -> None:
    found = read(Metrics(["payout"], ["file"]))
    assert (sum(found.outcomes.values()), sum(found.polls.values()), found.in_flight, found.dead) == (0, 0, 0, 0)


def test_an_answer_without_these_metrics_counts_nothing() -> None:
    assert read_metrics([]) == Scrape()
