"""A real Prometheus scrapes a live watcher: what rules, alerts and dashboard ask for is there."""

import json
import math
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.acceptance.conftest import Daemon
from tests.deploy.prometheus.documents import alerts, groups, queries, records
from tests.deploy.prometheus.promql import always, selectors
from tests.deploy.prometheus.server import Prometheus
from tests.support import session_id, watcher_process
from watcher.domain.session_id import SESSION_ID
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.simulator import Fault, SessionScript, Simulator
from watcher.util.clock import SystemClock

pytestmark = pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs Debian's prometheus package")

JOB = "liveness-watcher"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
VARIABLES = {"$job": JOB, "$instance": ".+", "$policy": "default", "$__rate_interval": "30s"}

LIVE = SessionScript(sdk_type="AmplifyWeb", created_for=0, in_progress_for=2, confidence=97.0)
ENDINGS = (
    SessionScript(in_progress_for=1, confidence=12.0),
    SessionScript(in_progress_for=1, reference_image=False),
    SessionScript(ending="FAILED"),
    SessionScript(ending="EXPIRED"),
    SessionScript(faults=(Fault("nan_confidence"),)),
    SessionScript(faults=(Fault("invalid_parameter"),)),
    SessionScript(ending="IN_PROGRESS"),
    SessionScript(in_progress_for=1, faults=(Fault("throttle", first_polls=1),)),
    SessionScript(in_progress_for=1, faults=(Fault("internal_error", first_polls=1),)),
    SessionScript(in_progress_for=1, faults=(Fault("reset", first_polls=1),)),
    SessionScript(in_progress_for=1, faults=(Fault("access_denied", first_polls=1),)),
)
ENOUGH_TO_COMPARE = 60
"""Live decisions: the pass rate is recorded from 30 on, and Prometheus may see half of them at its first look."""

UNSERVABLE = ("no session", '{"sessionId": "x", "policy": "default"}', '{"sessionId": "%s", "policy": "none"}')

PAST = (
    ("job_policy:watcher_decisions_live:ratio_increase1h", ',policy="default"', 0.9),
    ("job_code:watcher_feedback:ratio_increase1h", ',code="LOW_LIGHTING_DETECTED"', 0.1),
    ("job:watcher_not_started:ratio_increase1h", "", 0.1),
    ("job:watcher_hints_used:ratio_increase1h", "", 0.1),
)
"""What is held against its own past: name, labels besides the job's, share."""


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(time_scale=10.0, seed=1) as simulator:
        yield simulator


@pytest.fixture
def daemon(tmp_path: Path, simulator: Simulator) -> Iterator[Daemon]:
    """A watcher with one sink that works and one that does not."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and never listened on: refused for as long as the test lasts
        (tmp_path / "secret").write_text("whsec_" + "A" * 44 + "\n")
        (tmp_path / "watcher.toml").write_text(
            "[decision.policies.payout]\nthreshold = 95.0\n"
            '[[sinks]]\ntype = "stdout"\n'
            f'[[sinks]]\ntype = "webhook"\nname = "hook"\nurl = "http://127.0.0.1:{closed.getsockname()[1]}/"\n'
            f'secret_file = "{tmp_path / "secret"}"\nallow_private = true\n'
        )
        settings = {
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "hidden-secret",
            "AWS_ENDPOINT_URL_REKOGNITION": simulator.url,
            "WATCHER_HTTP__PORT": "0",
            "WATCHER_POLLING__SESSION_TIMEOUT": "6",
            "WATCHER_POLLING__MIN_INTERVAL": "0.1",
            "WATCHER_POLLING__MAX_INTERVAL": "0.5",
        }
        daemon = Daemon(watcher_process(tmp_path, "run", **settings))
        yield daemon
        daemon.close()


@pytest.fixture
def prometheus(tmp_path: Path, daemon: Daemon) -> Iterator[Prometheus]:
    folder = tmp_path / "prometheus"
    folder.mkdir()
    _rules_for_every_second(folder)
    _a_past(folder)
    port = daemon.wait_for_event("started")["port"]
    config = {
        "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml", "alerts.yml"],
        "scrape_configs": [{"job_name": JOB, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}],
    }
    server = Prometheus(folder, yaml.safe_dump(config))
    yield server
    server.close()


def _rules_for_every_second(folder: Path) -> None:
    for name in ("rules.yml", "alerts.yml"):
        every = [{key: value for key, value in group.items() if key != "interval"} for group in groups(name)]
        (folder / name).write_text(yaml.safe_dump({"groups": every}))


def _a_past(folder: Path) -> None:
    """Six hours of shares that end an hour ago: what the last hour's are held against."""
    now = int(time.time())
    lines: list[str] = []
    for name, labels, share in PAST:
        times = range(now - 7 * 3600, now - 3600 - 60, 60)
        lines += [f"# TYPE {name} gauge", *(f'{name}{{job="{JOB}"{labels}}} {share} {at}' for at in times)]
    (folder / "past").write_text("\n".join([*lines, "# EOF", ""]))
    made = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "past", "data"]
    subprocess.run(made, cwd=folder, check=True, capture_output=True)


def _put_on_the_queue(folder: Path, simulator: Simulator) -> int:
    """Sessions of every ending, a traced one and messages that can't be served; how many decisions they call for."""
    sessions = [simulator.create_session(LIVE) for _ in range(ENOUGH_TO_COMPARE)]
    sessions += [*(simulator.create_session(script) for script in ENDINGS), session_id(404)]
    bodies = [json.dumps({"sessionId": one, "policy": "payout"}) for one in sessions[:5]]
    attributes = {"traceparent": {"Type": "String", "Value": TRACEPARENT}}
    traced = simulator.create_session(LIVE)
    bodies.append(json.dumps({"Type": "Notification", "Message": traced, "MessageAttributes": attributes}))
    _send(folder, [*sessions, *bodies, *(body.replace("%s", sessions[0]) for body in UNSERVABLE)])
    return len(sessions) + len(bodies)


def _send(folder: Path, bodies: Sequence[str]) -> None:
    with closing(SqliteQueue(folder / "watcher.db", 60.0, SystemClock())) as queue:
        queue.send(bodies)


def _substituted(expr: str) -> str:
    for name, value in VARIABLES.items():
        expr = expr.replace(name, value)
    assert "$" not in expr, f"{expr}: a variable that the test does not know"
    return expr


def _without_series(ask: Callable[[str], Sequence[Any]], expressions: dict[str, str]) -> dict[str, str]:
    return {name: expr for name, expr in expressions.items() if not _has_a_number(ask(expr))}


def _has_a_number(series: Sequence[Any]) -> bool:
    """Whether any point is one; a quantile of nothing is NaN."""
    points = [point for one in series for point in one.get("values", [one.get("value")])]
    return any(not math.isnan(float(value)) for _, value in points)


def test_an_idle_watcher_alerts_nobody_and_a_busy_one_has_every_series_that_is_asked_for(
    tmp_path: Path, simulator: Simulator, daemon: Daemon, prometheus: Prometheus
) -> None:
    prometheus.wait_until(lambda: bool(prometheus.query("job:watcher_decisions:rate5m")), "the idle watcher")
    prometheus.wait_until(lambda: not prometheus.ask("alerts")["alerts"], "an end of what was pending at the start")

    # A label that is not known beforehand has a rate only once it has grown between two scrapes.
    _send(tmp_path, [simulator.create_session(LIVE)])
    prometheus.wait_until(lambda: bool(prometheus.query("sum(watcher_sdk_sessions_total) == 1")), "the SDK's label")
    expected = 1 + _put_on_the_queue(tmp_path, simulator)
    daemon.wait_for_decisions(expected)
    decided = f"sum(watcher_decisions_total) == {expected}"
    prometheus.wait_until(lambda: bool(prometheus.query(decided)), f"{expected} decisions")
    for chance in {name.replace("ratio_increase1h", "chance1h") for name, _, _ in PAST} & records().keys():
        prometheus.wait_until(lambda chance=chance: bool(prometheus.query(chance)), f"{chance}, from the past")  # type: ignore[misc]

    recorded = {name: name for name in records()}
    assert _without_series(prometheus.query, recorded) == {}
    compared = {name: always(alert["expr"]) for name, alert in alerts().items()}
    assert _without_series(prometheus.query, compared) == {}
    shown = {f"{title}: {expr}": always(_substituted(expr)) for title, expr in queries()}
    assert _without_series(lambda expr: prometheus.query_range(expr, 60), shown) == {}
    # And each by itself: `or` hides an operand that there is not.
    expressions = [*records().values(), *(alert["expr"] for alert in alerts().values()), *shown.values()]
    named = {one: one for expr in expressions for one in selectors(expr)}
    assert _without_series(prometheus.query, named) == {}
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"]: rule["lastError"] for rule in rules if rule["health"] != "ok"} == {}

    _holds_the_trace(prometheus)
    _has_no_session_id(prometheus)
    _is_clean(daemon)
    _waits_for_the_sink(prometheus)


def _holds_the_trace(prometheus: Prometheus) -> None:
    """OpenMetrics was negotiated, and Prometheus keeps the exemplar."""
    now = time.time()
    for metric in ("watcher_decision_latency_seconds_bucket", "watcher_decisions_total"):
        found = prometheus.ask("query_exemplars", query=metric, start=now - 600, end=now)
        assert [one["labels"] for series in found for one in series["exemplars"]] == [{"trace_id": TRACE_ID}]


def _has_no_session_id(prometheus: Prometheus) -> None:
    series = prometheus.ask("series", **{"match[]": f'{{job="{JOB}"}}'})
    assert series
    assert not [one for one in series if any(SESSION_ID.search(value) for value in one.values())]


def _is_clean(daemon: Daemon) -> None:
    """What promtool complains about is no convention of Prometheus."""
    linted = subprocess.run(
        ["promtool", "check", "metrics"], input=daemon.get("/metrics"), text=True, capture_output=True, check=False
    )
    assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "")


def _waits_for_the_sink(prometheus: Prometheus) -> None:
    """The one alert that this is a case for has seen it, and only time keeps it from firing."""
    prometheus.wait_until(
        lambda: (
            {"alertname": "WatcherSinkFailing", "sink": "hook", "job": JOB, "severity": "critical"}
            in [alert["labels"] for alert in prometheus.ask("alerts")["alerts"]]
        ),
        "the failing sink",
    )
