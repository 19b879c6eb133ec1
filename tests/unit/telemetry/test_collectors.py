"""Metrics that are read when they are scraped: the learned schedule, dropped lines, the threads' progress."""

import math
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from tests.support import START
from tests.unit.support.builders import value
from watcher.schedule import Mode, Schedule, State
from watcher.telemetry.collectors import DroppedLinesCollector, ProgressCollector, ScheduleCollector
from watcher.telemetry.metrics import Metrics


def shown(**changes: Any) -> Metrics:
    state: dict[str, Any] = {"mode": Mode.LEARNED, "sessions": 512.5, "median": 21.0, "p90": math.inf}
    state |= {"unfinished": 0.1, "threshold": 1.5, "shifts": 2}
    metrics = Metrics()
    metrics.show_schedule(lambda: State(**state | changes))
    return metrics


def test_what_was_learned_is_shown() -> None:
    metrics = shown()
    assert value(metrics, "watcher_schedule_mode", mode="learned") == 1
    assert (
        value(metrics, "watcher_schedule_mode", mode="fresh")
        == value(metrics, "watcher_schedule_mode", mode="even")
        == 0
    )
    assert value(metrics, "watcher_schedule_sessions") == 512.5
    assert value(metrics, "watcher_schedule_duration_seconds", share="0.5") == 21.0
    assert value(metrics, "watcher_schedule_duration_seconds", share="0.9") == math.inf
    assert value(metrics, "watcher_schedule_unfinished_ratio") == 0.1
    assert value(metrics, "watcher_schedule_threshold_seconds") == 1.5
    assert value(metrics, "watcher_schedule_shifts_total") == 2


def test_both_formats_can_show_it_from_the_start() -> None:
    metrics = Metrics()
    metrics.show_schedule(Schedule().state)
    for generate in (generate_latest, generate_openmetrics):
        assert b'watcher_schedule_mode{mode="fresh"} 1.0' in generate(metrics.registry)


def test_dropped_lines_are_counted_when_scraped() -> None:
    dropped = [0]
    registry = CollectorRegistry()
    registry.register(DroppedLinesCollector(lambda: dropped[0]))
    for dropped[0] in (0, 3):
        assert registry.get_sample_value("watcher_log_lines_dropped_total") == dropped[0]


def test_each_thread_s_progress_is_asked_for_when_scraped_and_not_before() -> None:
    asked: list[str] = []

    def progress() -> dict[str, float]:
        asked.append("progress")
        return {"consumer": 1.5, "poller": START}

    registry = CollectorRegistry()
    registry.register(ProgressCollector(progress))
    assert asked == []
    for thread, at in (("consumer", 1.5), ("poller", START)):
        assert registry.get_sample_value("watcher_last_progress_timestamp_seconds", {"thread": thread}) == at


@pytest.mark.parametrize("collector", [ScheduleCollector(Schedule().state), DroppedLinesCollector(lambda: 0)])
def test_no_name_is_taken_twice(collector: Collector) -> None:
    registry = CollectorRegistry()
    registry.register(ProgressCollector(dict))
    registry.register(collector)
    families = [family.name for family in registry.collect()]
    assert len(families) == len(set(families))
    assert all(family.documentation for family in registry.collect())
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        registry.register(ProgressCollector(dict))
