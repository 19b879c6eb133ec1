import math
from typing import Any

from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from tests.unit.support.builders import value
from watcher.schedule import Mode, Schedule, State
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
