import re
from collections.abc import Iterator
from itertools import product

import pytest
from prometheus_client import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from tests.unit.support.builders import value
from watcher.domain.decision_table import DECISIONS
from watcher.domain.model import DeadReason, PollResult, QueueDepth
from watcher.schedule import Schedule
from watcher.telemetry.metrics import OTHER, SDK_TYPES, SERIES_LIMIT, Metrics, policy_labels, trace_exemplar

ROLES = [
    "recorder",
    "acker",
    "lease-extender",
    "prober",
    "poller",
    "deadline-watchdog",
    "consumer",
    "hints",
    "dead-letters",
    "scheduler",
    "http",
    "signals",
    "main",
    "emptiness",
]
POLICIES = [f"policy-{number:02}" for number in range(20)]

NAMES = {
    "watcher_build_info": "gauge",
    "watcher_sessions_received": "counter",
    "watcher_sessions_in_flight": "gauge",
    "watcher_polls": "counter",
    "watcher_poll_duration_seconds": "histogram",
    "watcher_poll_lag_seconds": "histogram",
    "watcher_decisions": "counter",
    "watcher_decision_latency_seconds": "histogram",
    "watcher_feedback": "counter",
    "watcher_hints": "counter",
    "watcher_sdk_sessions": "counter",
    "watcher_confidence_ratio": "histogram",
    "watcher_policy_confidence_ratio": "histogram",
    "watcher_polls_per_session": "histogram",
    "watcher_rate_limit_calls_per_second": "gauge",
    "watcher_sink_deliveries": "counter",
    "watcher_sink_delivery_seconds": "histogram",
    "watcher_sink_circuit_open": "gauge",
    "watcher_queue_messages": "gauge",
    "watcher_queue_oldest_message_age_seconds": "gauge",
    "watcher_lease_extensions": "counter",
    "watcher_dead_letters": "counter",
    "watcher_last_progress_timestamp_seconds": "gauge",
    "watcher_log_lines_dropped": "counter",
    "watcher_config_last_reload_successful": "gauge",
    "watcher_config_last_reload_timestamp_seconds": "gauge",
}


def full(policies: list[str] = POLICIES, sinks: str = "abc") -> Metrics:
    metrics = Metrics(policies, list(sinks))
    roles = [*ROLES, *(f"sink-{sink}" for sink in sinks)]
    metrics.show(
        rate=lambda: 25.0, in_flight=lambda: 7.0, progress=lambda: dict.fromkeys(roles, 1.5), dropped_lines=lambda: 0
    )
    return metrics


def own(metrics: Metrics) -> Iterator[Metric]:
    return (family for family in metrics.registry.collect() if family.name.startswith("watcher_"))


def test_the_names_and_types_are_those_of_the_interface() -> None:
    assert {family.name: family.type for family in own(full())} == NAMES


@pytest.mark.parametrize("sinks", range(11))
@pytest.mark.parametrize("policies", [0, 1, 6, 20])
def test_there_are_no_more_than_300_series(policies: int, sinks: int) -> None:
    """Process metrics and the learned schedule included, with as many sinks as the settings allow."""
    metrics = full(POLICIES[:policies], "abcdefghij"[:sinks])
    metrics.show_schedule(Schedule().state)
    for number, live in product(range(SDK_TYPES + 1), ("true", "false")):
        metrics.sdk_sessions.labels(metrics.sdk_label(f"sdk-{number}"), live)
    series = sum(len(family.samples) for family in metrics.registry.collect())
    assert 100 < series <= SERIES_LIMIT == 300


@pytest.mark.parametrize(("sinks", "own"), [(1, 4), (2, 3), (3, 3), (4, 2), (8, 1), (9, 0), (10, 0), (99, 0)])
def test_policies_have_labels_of_their_own_as_far_as_the_limit_goes(sinks: int, own: int) -> None:
    assert policy_labels(sinks) == own


def test_sdk_types_have_few_labels_and_odd_names_none() -> None:
    """Clients name their SDK themselves."""
    metrics = Metrics()
    assert metrics.sdk_label("a\nb") == metrics.sdk_label("\ud800") == metrics.sdk_label("x" * 65) == OTHER
    labels = [metrics.sdk_label(f"sdk-{number}") for number in range(SDK_TYPES + 1)]
    assert labels == [f"sdk-{number}" for number in range(SDK_TYPES)] + [OTHER]
    assert metrics.sdk_label("sdk-0") == "sdk-0"


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_the_exemplar_of_a_traced_session_is_its_trace_id() -> None:
    assert trace_exemplar(f"00-{TRACE}-00f067aa0ba902b7-01") == {"trace_id": TRACE}


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "none",
        TRACE,
        f"00-{TRACE}-00f067aa0ba902b7",
        f"00-{TRACE}-00f067aa0ba902b7-01-more",
        f"00-{TRACE}-00f067aa0ba902b7-01\n",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
        f"00-{TRACE[:-1]}-00f067aa0ba902b7-01",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{'x' * 200}-00f067aa0ba902b7-01",
    ],
)
def test_a_malformed_traceparent_gives_no_exemplar(traceparent: str) -> None:
    assert trace_exemplar(traceparent) is None


def labels_of(metrics: Metrics, name: str) -> list[dict[str, str]]:
    return [s.labels for family in own(metrics) for s in family.samples if s.name == name]


def test_every_known_label_value_is_there_from_the_start_at_zero() -> None:
    metrics = full(["payout"])
    assert labels_of(metrics, "watcher_polls_total") == [{"result": result.value} for result in PollResult]
    assert labels_of(metrics, "watcher_dead_letters_total") == [{"reason": reason.value} for reason in DeadReason]
    states = [{"state": state} for state in ("visible", "leased", "dead")]
    assert labels_of(metrics, "watcher_queue_messages") == states
    extensions = [{"result": result} for result in ("ok", "lost", "failed")]
    assert labels_of(metrics, "watcher_lease_extensions_total") == extensions
    deliveries = [
        {"sink": sink, "result": result} for sink in "abc" for result in ("ok", "failed", "refused", "skipped")
    ]
    assert labels_of(metrics, "watcher_sink_deliveries_total") == deliveries
    for policy in ("default", "payout"):
        assert {"policy": policy} in labels_of(metrics, "watcher_policy_confidence_ratio_count")
        for outcome, reason in DECISIONS:
            expected = {"outcome": outcome.value, "reason": reason.value, "policy": policy}
            assert expected in labels_of(metrics, "watcher_decisions_total")
    counted = [s.value for family in own(metrics) if family.type == "counter" for s in family.samples]
    assert set(counted) == {0.0}


def test_the_label_for_policies_beyond_the_first_is_there_from_the_start_too() -> None:
    metrics = full()
    assert metrics.policy_label("policy-00") == "policy-00"
    assert metrics.policy_label("policy-19") == "other"
    labels = {"outcome": "live", "reason": "confidence_met", "policy": "other"}
    assert value(metrics, "watcher_decisions_total", **labels) == 0.0


@pytest.mark.parametrize("generate", [generate_latest, generate_openmetrics])
def test_both_forms_are_written_and_neither_has_created_series(generate: object) -> None:
    text = generate(full().registry).decode()  # type: ignore[operator]
    assert "_created" not in text
    assert "watcher_sessions_in_flight 7.0" in text
    assert 'watcher_last_progress_timestamp_seconds{thread="consumer"} 1.5' in text


def test_the_names_keep_to_the_conventions() -> None:
    """What `promtool check metrics` asks: help texts, base units, `_total` on counters only, snake case."""
    for family in own(full()):
        assert family.documentation
        assert re.fullmatch(r"[a-z][a-z0-9_]*[a-z]", family.name)
        assert not re.search(r"(milli|micro|minutes|hours|percent|_total$|_count$|_sum$|_bucket$)", family.name)
        assert family.type not in family.name.split("_")
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter")
            assert "session" not in " ".join(sample.labels)


def test_the_version_is_told() -> None:
    from watcher import __version__

    assert value(full(), "watcher_build_info", version=__version__) == 1.0


def test_the_depth_of_a_queue_is_shown_and_what_it_does_not_tell_is_left() -> None:
    metrics = full()
    metrics.show_depth(QueueDepth(3, 2, 1, 12.5))
    metrics.show_depth(QueueDepth(4, 2, None, None))
    assert value(metrics, "watcher_queue_messages", state="visible") == 4
    assert value(metrics, "watcher_queue_messages", state="dead") == 1
    assert value(metrics, "watcher_queue_oldest_message_age_seconds") == 12.5
    metrics.show_depth(QueueDepth(0, 0, None, None))
    assert value(metrics, "watcher_queue_oldest_message_age_seconds") == 0.0


def test_two_watchers_in_one_process_do_not_share_their_metrics() -> None:
    first, second = full(), full()
    first.received.inc()
    assert value(second, "watcher_sessions_received_total") == 0.0
