"""The metrics. Dashboards and alerts of others use their names, so they stay. Every known label value starts at 0."""

import re
from collections import Counter as Counts
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from watcher import __version__
from watcher.domain.decision_table import DECISIONS
from watcher.domain.feedback import FeedbackCode
from watcher.domain.hints import HINTS
from watcher.domain.model import DEFAULT_POLICY, DeadReason, Outcome, PollResult, QueueDepth
from watcher.domain.trace_context import TRACEPARENT
from watcher.schedule import State
from watcher.telemetry.collectors import DroppedLinesCollector, ProgressCollector, ScheduleCollector

SERIES_LIMIT = 300
"""Maximum series, including those of the process: what one watcher may cost a Prometheus."""

COMMON_SERIES = 136
"""Series that don't belong to a policy or sink."""

OTHER = "other"

SDK_TYPES = 3
"""SDK types with a label of their own: clients report theirs themselves, and could make up any number."""

_SDK_TYPE = re.compile(r"[A-Za-z0-9 ._/-]{1,64}")

_CALL_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)
_LAG_SECONDS = (0.1, 0.5, 1, 5, 10, 60)
_LIFE_SECONDS = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180)
_RATIOS = (0.2, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)  # AWS's thresholds; few, because each policy has them all
_POLLS = (1, 2, 3, 5, 8, 13, 34)
_DELIVERY_SECONDS = (0.1, 0.5, 2.5, 10)

_HISTOGRAM = 3  # series besides its buckets: +Inf, sum, count
_FEEDBACK = (*(code.value for code in FeedbackCode), OTHER)
_POLICY_SERIES = len(DECISIONS) + len(_FEEDBACK) + len(_RATIOS) + _HISTOGRAM
_SINK_SERIES = len(_DELIVERY_SECONDS) + _HISTOGRAM + 6  # four results, its thread's progress, its circuit


def policy_labels(sinks: int) -> int:
    """How many policies, the default one included, have their own label, given the number of sinks.

    As many as the limit on series allows: 4 with one sink, 3 with two or three, 2 with four, 1 with eight, none from
    nine on.
    """
    room = SERIES_LIMIT - COMMON_SERIES - sinks * _SINK_SERIES
    return max(0, room // _POLICY_SERIES - 1)  # one is for the others


def trace_exemplar(traceparent: str) -> dict[str, str] | None:
    """The exemplar that leads from a bucket to a trace (W3C Trace Context); None without a valid one.

    Only OpenMetrics has exemplars. It takes a constant 40 of the 128 characters that its labels may have in total.
    """
    found = TRACEPARENT.fullmatch(traceparent)
    return {"trace_id": found["trace"]} if found else None


class Metrics:
    """All instruments, in a separate registry. Base units; a session id is never a label."""

    def __init__(self, policies: Iterable[str] = (), sinks: Sequence[str] = ()) -> None:
        """`policies` and `sinks`: the configured names."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a `_created` twin for each series would double what is stored, for nothing asked
        self.registry = CollectorRegistry(auto_describe=True)
        self._policies = set([DEFAULT_POLICY, *sorted(policies)][: policy_labels(len(sinks))])
        self._sdk_types: set[str] = set()
        self._lock = Lock()
        self._sessions()
        self._polls()
        self._decisions()
        self._backends(sinks)
        self._process()

    def policy_label(self, policy: str) -> str:
        """The label for a policy: its name, or `other` beyond the first few."""
        return policy if policy in self._policies else OTHER

    def sdk_label(self, sdk_type: str) -> str:
        """The label for an SDK type: its name if it is one of the first few and plain, or `other`."""
        with self._lock:
            if len(self._sdk_types) < SDK_TYPES and _SDK_TYPE.fullmatch(sdk_type):
                self._sdk_types.add(sdk_type)
            return sdk_type if sdk_type in self._sdk_types else OTHER

    def show(
        self,
        *,
        rate: Callable[[], float],
        in_flight: Callable[[], float],
        progress: Callable[[], Mapping[str, float]],
        dropped_lines: Callable[[], int],
    ) -> None:
        """Read these at each scrape: the limiter's rate, sessions in flight, threads' progress, lost lines."""
        self.rate_limit.set_function(rate)
        self.in_flight.set_function(in_flight)
        self.registry.register(ProgressCollector(progress))
        self.registry.register(DroppedLinesCollector(dropped_lines))

    def decided(self) -> dict[str, int]:
        """The decisions so far, by outcome."""
        counts = Counts({outcome.value: 0 for outcome in Outcome})
        for family in self.decisions.collect():
            for sample in family.samples:
                counts[sample.labels["outcome"]] += int(sample.value)
        return dict(counts)

    def show_schedule(self, state: Callable[[], State]) -> None:
        """Read what the learned schedule knows at each scrape."""
        self.registry.register(ScheduleCollector(state))

    def show_depth(self, depth: QueueDepth) -> None:
        """Record the queue's depth."""
        self.queue_messages.labels("visible").set(depth.visible)
        self.queue_messages.labels("leased").set(depth.leased)
        if depth.dead is not None:
            self.queue_messages.labels("dead").set(depth.dead)
        if depth.oldest_age is not None or depth.visible + depth.leased == 0:
            self.queue_oldest_age.set(depth.oldest_age or 0.0)

    def _sessions(self) -> None:
        self.received = self._counter("sessions_received", "Messages received from the queue that named a session.")
        self.in_flight = self._gauge("sessions_in_flight", "Sessions from receipt to ack.")
        self.latency = self._histogram(
            "decision_latency_seconds", "From a session's creation to its decision.", _LIFE_SECONDS
        )
        self.polls_per_session = self._histogram("polls_per_session", "Polls per decision.", _POLLS)

    def _polls(self) -> None:
        self.polls = self._counter("polls", "Calls of GetFaceLivenessSessionResults.", ["result"])
        for result in PollResult:
            self.polls.labels(result.value)
        self.hints = self._counter("hints", "Hints that a person has finished.", ["source", "result"])
        for source, hint_results in HINTS.items():
            for hint_result in hint_results:
                self.hints.labels(source.value, hint_result.value)
        self.poll_duration = self._histogram("poll_duration_seconds", "Duration of one call.", _CALL_SECONDS)
        self.poll_lag = self._histogram("poll_lag_seconds", "From a poll's due time to its start.", _LAG_SECONDS)
        self.rate_limit = self._gauge("rate_limit_calls_per_second", "Calls a second allowed now; 0 means no limit.")

    def _decisions(self) -> None:
        self.decisions = self._counter("decisions", "Decisions made.", ["outcome", "reason", "policy"])
        policies = [*sorted(self._policies), OTHER]
        for (outcome, reason), policy in product(DECISIONS, policies):
            self.decisions.labels(outcome.value, reason.value, policy)
        text = "Confidence of SUCCEEDED sessions, 0 to 1"
        self.confidence = self._histogram("confidence_ratio", f"{text}.", _RATIOS)
        # The first one has no labels, and stays; thresholds belong to a policy, and so do scores near
        # them.
        self.policy_confidence = self._histogram(
            "policy_confidence_ratio", f"{text}, by policy.", _RATIOS, ["policy"]
        )
        for policy in policies:
            self.policy_confidence.labels(policy)
        self.feedback = self._counter(
            "feedback", "Conditions that lowered the score of SUCCEEDED sessions, by code.", ["code", "policy"]
        )
        for code, policy in product(_FEEDBACK, policies):
            self.feedback.labels(code, policy)
        self.sdk_sessions = self._counter(
            "sdk_sessions", "Decided sessions whose client said its SDK type.", ["sdk_type", "live"]
        )
        for live in ("true", "false"):
            self.sdk_sessions.labels(OTHER, live)  # the only type that is known beforehand

    def _backends(self, sinks: Sequence[str]) -> None:
        self.deliveries = self._counter(
            "sink_deliveries",
            "Events for a sink: ok, failed, rejected for their content, or skipped because it does not want them.",
            ["sink", "result"],
        )
        self.delivery_duration = self._histogram(
            "sink_delivery_seconds", "Duration of one hand-over to a sink.", _DELIVERY_SECONDS, ["sink"]
        )
        self.circuit_open = self._gauge(
            "sink_circuit_open", "1 while a sink counts as down and is only tried from time to time.", ["sink"]
        )
        for sink in sinks:
            self.circuit_open.labels(sink)
            self.delivery_duration.labels(sink)
            for result in ("ok", "failed", "refused", "skipped"):
                self.deliveries.labels(sink, result)
        self.queue_messages = self._gauge("queue_messages", "Messages on the queue, by state.", ["state"])
        for state in ("visible", "leased", "dead"):
            self.queue_messages.labels(state)
        self.queue_oldest_age = self._gauge("queue_oldest_message_age_seconds", "Age of the oldest message.")
        self.lease_extensions = self._counter("lease_extensions", "Lease extensions, by result.", ["result"])
        for result in ("ok", "lost", "failed"):
            self.lease_extensions.labels(result)
        self.dead_letters = self._counter("dead_letters", "Messages that can never be served.", ["reason"])
        for reason in DeadReason:
            self.dead_letters.labels(reason.value)

    def _process(self) -> None:
        self._gauge("build_info", "The running version; always 1.", ["version"]).labels(__version__).set(1)
        self.reload_ok = self._gauge("config_last_reload_successful", "1 if the last reload of the settings worked.")
        self.reload_time = self._gauge("config_last_reload_timestamp_seconds", "When settings were last (re)loaded.")
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def _counter(self, name: str, text: str, labels: Sequence[str] = ()) -> Counter:
        return Counter(f"watcher_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(f"watcher_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: Sequence[float], labels: Sequence[str] = ()) -> Histogram:
        return Histogram(f"watcher_{name}", text, labels, buckets=buckets, registry=self.registry)
