import io

import pytest
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.live import Live

from watcher.cli.demo.display import LivePanel, PlainLines
from watcher.cli.demo.snapshot import Scrape, Snapshot, read_metrics
from watcher.telemetry.metrics import Metrics

ENDPOINT, METRICS = "http://127.0.0.1:1000", "http://127.0.0.1:2000/metrics"
LINE = (
    "demo: 1.0 s: started 10/12, decided 6/12 (live 5, not_live 0, inconclusive 1), in flight 4, polls 42, "
    "throttled 2, dead letters 1"
)


def some_metrics() -> Scrape:
    metrics = Metrics(["payout"], ["file"])
    metrics.decisions.labels("live", "confidence_met", "default").inc(3)
    metrics.decisions.labels("live", "confidence_met", "payout").inc(2)
    metrics.decisions.labels("inconclusive", "timed_out", "default").inc()
    metrics.polls.labels("created").inc(40)
    metrics.polls.labels("throttled").inc(2)
    metrics.dead_letters.labels("invalid_message").inc()
    metrics.in_flight.set(4)
    return read_metrics(text_string_to_metric_families(generate_latest(metrics.registry).decode()))


def snapshot(elapsed: float, *, is_last: bool = False) -> Snapshot:
    return Snapshot(elapsed, planned=12, begun=10, scrape=some_metrics(), is_last=is_last)


def test_numbers_come_from_the_daemons_metrics() -> None:
    now = snapshot(1.0)
    assert (now.decided, now.polls, now.scrape.in_flight, now.scrape.dead) == (6, 42, 4, 1)
    assert (now.scrape.outcomes["live"], now.scrape.polls["throttled"]) == (5, 2)


def test_plain_lines_stand_for_themselves() -> None:
    stream = io.StringIO()
    PlainLines(stream, ENDPOINT, METRICS).show(snapshot(1.04))
    assert stream.getvalue().splitlines() == [
        f"demo: local Rekognition endpoint: {ENDPOINT}",
        f"demo: metrics of the daemon: {METRICS}",
        LINE,
    ]


def test_plain_lines_come_every_two_seconds_and_at_the_end() -> None:
    stream = io.StringIO()
    lines = PlainLines(stream, ENDPOINT, METRICS)
    for elapsed in (0.0, 0.5, 1.0, 1.5, 2.0, 2.5):
        lines.show(snapshot(elapsed))
    lines.show(snapshot(2.7, is_last=True))
    shown = [line.split()[1] for line in stream.getvalue().splitlines()[2:]]
    assert shown == ["0.0", "2.0", "2.7"]


@pytest.mark.parametrize("width", [100, 60])
def test_the_panel_shows_all_of_it_and_fits(width: int) -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=width, color_system=None)
    with Live(console=console, auto_refresh=False) as live:
        LivePanel(live, ENDPOINT, METRICS).show(snapshot(7.0))
    text = stream.getvalue()
    for part in (ENDPOINT, METRICS, "10/12", "6/12", "live 5", "in flight 4", "throttled 2", "7 s"):
        assert part in text
