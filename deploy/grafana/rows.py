"""The six questions that the dashboard answers, a row each; here are those about the watcher itself."""

# ruff: noqa: INP001 - scripts beside one another, no package

from collections.abc import Iterator, Sequence
from typing import Any

from panels import GREEN, RED, YELLOW, Panel, Query, buckets, graph, number, row
from queries import IN_JOB, OF, PER, quantiles
from workload import decided, limits, people, queue


def rows() -> Iterator[tuple[Any, Sequence[Any]]]:
    """Each row's head and its panels."""
    yield row("Is it healthy?", *_health())
    yield row("How fast are decisions?", *_speed())
    yield row("What is being decided?", *decided())
    yield row("Do people get through?", *people())
    yield row("What limits it?", *limits())
    yield row("Queue and sinks", *queue())


def _health() -> Iterator[Any]:
    up = Panel(
        "Watchers up",
        "Instances that Prometheus reaches.",
        "short",
        (Query(f"sum(up{{{OF}}})", "up"),),
        ("WatcherDown", "WatcherAbsent"),
        ((0, RED), (1, GREEN)),
        4,
    )
    yield number(up)
    firing = 'count(ALERTS{alertname=~"Watcher.+", alertstate="firing"}) or vector(0)'
    yield number(
        Panel(
            "Alerts firing",
            "Of those in deploy/prometheus/alerts.yml.",
            "short",
            (Query(firing, "firing"),),
            ("WatcherLogLinesDropped",),  # has no figure worth a panel of its own
            ((0, GREEN), (1, RED)),
            4,
        )
    )
    silence = f"max(time() - watcher_last_progress_timestamp_seconds{{{OF}}})"
    yield number(
        Panel(
            "Longest silence of a thread",
            "Since the last progress of the slowest thread; one that waits for work is never late.",
            "s",
            (Query(silence, "silence"),),
            ("WatcherThreadStuck",),
            ((0, GREEN), (150, YELLOW), (300, RED)),
            4,
        )
    )
    reload = Panel(
        "Settings",
        "Whether the last reload worked on every instance.",
        "none",
        (Query(f"min(watcher_config_last_reload_successful{{{OF}}})", "reload"),),
        ("WatcherReloadFailed",),
        ((0, RED), (1, GREEN)),
        4,
    )
    yield number(reload, {"0": ("refused", RED), "1": ("in force", GREEN)})
    denied = f'sum(increase(watcher_polls_total{{{OF}, result="denied"}}[5m]))'
    yield number(
        Panel(
            "Calls denied in 5 min",
            "For missing permissions or bad credentials.",
            "short",
            (Query(denied, "denied"),),
            ("WatcherCredentials",),
            ((0, GREEN), (1, RED)),
            4,
        )
    )
    uptime = Query(f"min(time() - process_start_time_seconds{{{OF}}})", "uptime")
    yield number(Panel("Youngest watcher", "Since its start.", "s", (uptime,), (), ((0, YELLOW), (600, GREEN)), 4))


def _speed() -> Iterator[Any]:
    latency = "watcher_decision_latency_seconds"
    yield graph(
        Panel(
            "From creation to decision",
            "Includes the person's own time before the camera. Points are decisions whose message had a trace.",
            "s",
            quantiles(latency, 0.5, 0.9, 0.99, exemplar=True),
            ("WatcherLatencyBudget", "WatcherDeadlineBudget"),
            ((0, GREEN), (60, YELLOW), (180, RED)),
        ),
        lines_at_thresholds=True,
    )
    spread = Query(f"sum by (le) (increase({latency}_bucket{{{OF}}}{PER}))", "{{le}}", exemplar=True)
    yield buckets(
        Panel("Decisions by their age", "The top band is decided too late: AWS keeps 180 s.", "s", (spread,), width=8)
    )
    burn = tuple(
        Query(f"job:watcher_decisions_{what}:ratio_rate1h{{{IN_JOB}}} / {budget}", legend)
        for what, budget, legend in (
            ("late", 0.001, "later than 180 s (budget 0.1 %)"),
            ("slow", 0.05, "later than 60 s (budget 5 %)"),
        )
    )
    yield graph(
        Panel(
            "Burn rate of the budgets, 1 h",
            "1 spends the budget of 30 days in 30 days; 6 and 14.4 page.",
            "none",
            burn,
            ("WatcherDeadlineBudget", "WatcherLatencyBudget"),
            ((0, GREEN), (6, YELLOW), (14.4, RED)),
        ),
        lines_at_thresholds=True,
    )
    yield graph(
        Panel(
            "Hints",
            "Announcements that a person has finished, and what came of them.",
            "reqps",
            (Query(f"sum by (source, result) (rate(watcher_hints_total{{{OF}}}{PER}))", "{{source}}: {{result}}"),),
            ("WatcherHintsStopped",),
        ),
        stacked=True,
    )
    used, all_ = (
        f"sum(rate({series}[10m]))"
        for series in (f'watcher_hints_total{{{OF}, result="used"}}', f"watcher_decisions_total{{{OF}}}")
    )
    yield graph(
        Panel(
            "Decisions announced",
            "Hints that moved a poll, over decisions, in ten minutes. Few hints: polling finds the ends, later.",
            "percentunit",
            (Query(f"clamp_max({used} / ({all_} > 0), 1)", "announced"),),
            ("WatcherHintsStopped",),
        )
    )
