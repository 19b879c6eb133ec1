"""Metrics that are read when they are scraped."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from watcher.schedule import Mode, State


class ScheduleCollector:
    """What the learned schedule knows about all sessions, and its mode; read when scraped."""

    def __init__(self, state: Callable[[], State]) -> None:
        self._state = state

    def describe(self) -> Iterable[Metric]:
        """No families: the names are unique."""
        return []

    def collect(self) -> Iterable[Metric]:
        """The families of the current state."""
        state = self._state()
        modes = GaugeMetricFamily(
            "watcher_schedule_mode", "How polls are scheduled: 1 for one of these.", labels=["mode"]
        )
        for mode in Mode:
            modes.add_metric([mode.value], float(mode is state.mode))
        lasting = GaugeMetricFamily(
            "watcher_schedule_duration_seconds",
            "Longest duration of this share of sessions, as learned.",
            labels=["share"],
        )
        lasting.add_metric(["0.5"], state.median)
        lasting.add_metric(["0.9"], state.p90)
        for name, text, value in (
            ("sessions", "Ended sessions behind the learned schedule, old ones weighted less.", state.sessions),
            ("unfinished_ratio", "Share of sessions that never end, as learned.", state.unfinished),
            ("threshold_seconds", "Expected undetected delay that is worth a call.", state.threshold),
        ):
            yield GaugeMetricFamily(f"watcher_schedule_{name}", text, value)
        yield CounterMetricFamily("watcher_schedule_shifts", "Shifts of the durations noticed.", state.shifts)
        yield from (modes, lasting)


class DroppedLinesCollector:
    """`watcher_log_lines_dropped_total`, read when scraped."""

    def __init__(self, dropped_lines: Callable[[], int]) -> None:
        self._dropped_lines = dropped_lines

    def describe(self) -> Iterable[Metric]:
        """No families: the name is unique."""
        return []

    def collect(self) -> Iterable[Metric]:
        """The counter's current value."""
        text = "Log lines dropped because standard error was not read, or could not be written."
        return [CounterMetricFamily("watcher_log_lines_dropped", text, self._dropped_lines())]


class ProgressCollector:
    """`watcher_last_progress_timestamp_seconds{thread}`, read when scraped: an idle thread is never late."""

    def __init__(self, last_progress: Callable[[], Mapping[str, float]]) -> None:
        self._last_progress = last_progress

    def describe(self) -> Iterable[Metric]:
        """The family without samples, so that registering doesn't have to collect."""
        return [self._family()]

    def collect(self) -> Iterable[Metric]:
        """One sample per thread role."""
        family = self._family()
        for role, at in self._last_progress().items():
            family.add_metric([role], at)
        return [family]

    @staticmethod
    def _family() -> GaugeMetricFamily:
        return GaugeMetricFamily(
            "watcher_last_progress_timestamp_seconds", "When a thread last made progress.", labels=["thread"]
        )
