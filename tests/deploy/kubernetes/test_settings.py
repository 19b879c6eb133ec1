"""The watcher takes the settings that are rendered, and the time-outs of all parts fit together."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.kubernetes.rendering import Objects, container, helmed, loaded_settings, pod, values_sqs, workload
from tests.support import ROOT
from watcher.config import Settings, SqsSinkSettings
from watcher.daemon.systemd import STOP_SLACK


@pytest.fixture
def settings(objects: Objects, tmp_path: Path) -> Settings:
    return loaded_settings(objects, tmp_path).settings


def production() -> Settings:
    return Settings.model_validate(tomllib.loads((ROOT / "config/watcher.toml").read_text()))


def test_the_settings_are_loaded_without_a_problem_and_reach_the_pods_port(
    objects: Objects, settings: Settings
) -> None:
    (port,) = container(objects)["ports"]
    assert (port["name"], port["containerPort"]) == ("metrics", settings.http.port)
    assert settings.http.host == "0.0.0.0"  # noqa: S104


def test_they_are_the_production_settings(settings: Settings) -> None:
    expected = production()
    assert settings.aws == expected.aws
    assert settings.polling == expected.polling
    assert settings.shutdown == expected.shutdown
    kept = {"visibility_timeout", "max_in_flight"}
    assert settings.queue.model_dump(include=kept) == expected.queue.model_dump(include=kept)
    assert settings.decision.rules("default") == expected.decision.rules("default")


def test_decisions_go_where_a_back_end_can_receive_them(objects: Objects, settings: Settings) -> None:
    """From several pods' standard output nobody could; deploy/aws creates the queue, and lets the role send to it."""
    (sink,) = settings.sinks
    if workload(objects)["kind"] == "Deployment":
        assert isinstance(sink, SqsSinkSettings)
        assert sink.queue_url.rpartition("/")[0] == settings.queue.url.rpartition("/")[0]
        assert sink.queue_url not in {settings.queue.url, settings.queue.dead_letter_url}
    else:
        assert sink.type == "stdout"


def test_several_replicas_share_queue_and_ledger(objects: Objects, settings: Settings) -> None:
    if workload(objects)["kind"] == "Deployment":
        assert (settings.queue.kind, settings.ledger_kind) == ("sqs", "dynamodb")
        assert settings.queue.dead_letter_url


def test_the_embedded_queue_and_its_ledger_are_on_the_volume(objects: Objects, settings: Settings) -> None:
    if workload(objects)["kind"] == "StatefulSet":
        (volume,) = (mount for mount in container(objects)["volumeMounts"] if mount["name"] == "data")
        assert (settings.queue.kind, str(settings.ledger_path.parent)) == ("sqlite", volume["mountPath"])


def test_the_region_is_the_watchers_even_where_eks_sets_the_clusters(objects: Objects, tmp_path: Path) -> None:
    container(objects)["env"].extend(
        {"name": name, "value": "eu-central-1"} for name in ("AWS_REGION", "AWS_DEFAULT_REGION")
    )
    assert loaded_settings(objects, tmp_path).settings.aws.region == "us-east-1"


def test_the_grace_period_is_above_the_drain(objects: Objects, settings: Settings) -> None:
    assert pod(objects)["terminationGracePeriodSeconds"] >= settings.shutdown.drain_timeout + STOP_SLACK
    assert "lifecycle" not in container(objects), "a preStop hook would take its time from the drain"


def test_the_drain_is_the_same_for_systemd_and_fits_there_too(settings: Settings) -> None:
    unit = (ROOT / "deploy/systemd/watcher.service").read_text()
    (stop,) = re.findall(r"^TimeoutStopSec=(\d+)", unit, re.MULTILINE)
    assert int(stop) >= settings.shutdown.drain_timeout + STOP_SLACK


def test_the_drain_lets_a_call_come_to_its_end(settings: Settings) -> None:
    call = settings.aws.connect_timeout + settings.aws.read_timeout
    assert 0 < call < settings.shutdown.drain_timeout


def test_what_a_killed_pod_had_comes_back_while_its_sessions_live(objects: Objects, settings: Settings) -> None:
    grace, lease = pod(objects)["terminationGracePeriodSeconds"], settings.queue.visibility_timeout
    assert grace < lease, "a lease must not run out before its pod has ended"
    assert grace + lease < settings.polling.session_timeout


def test_probes_ask_what_they_are_for(objects: Objects) -> None:
    paths = {
        name: container(objects)[name]["httpGet"]["path"]
        for name in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert paths == {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    for name in paths:
        assert container(objects)[name]["httpGet"]["port"] == "metrics"
        assert container(objects)[name]["timeoutSeconds"] <= container(objects)[name]["periodSeconds"]


def test_a_busy_node_has_a_minute_before_a_pod_is_restarted(objects: Objects, settings: Settings) -> None:
    for name in ("startupProbe", "livenessProbe"):
        probe = container(objects)[name]
        assert probe["failureThreshold"] * probe["periodSeconds"] >= 60
    readiness = container(objects)["readinessProbe"]
    assert readiness["failureThreshold"] * readiness["periodSeconds"] < settings.shutdown.drain_timeout


def test_a_process_that_hangs_is_restarted_as_soon_as_the_readme_says(objects: Objects) -> None:
    """It answers no probe, so it does not end on SIGTERM either."""
    probe = container(objects)["livenessProbe"]
    failed = probe["failureThreshold"] * probe["periodSeconds"] + probe["timeoutSeconds"]
    readme = (ROOT / "deploy/kubernetes/README.md").read_text()
    within = failed + pod(objects)["terminationGracePeriodSeconds"]
    assert f"A process that hangs is restarted within\n{within} s" in readme


def test_every_kind_of_setting_goes_through_the_chart(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "decision": {
            "threshold": 82.5,
            "policies": {"pay.out": {"threshold": 95}, "low": {"require_reference_image": False}},
        },
        "queue": {"max_in_flight": 120_000},
        "polling": {"max_rate": 0.000_05, "concurrency": 1000},
        "sinks": [
            {
                "type": "webhook",
                "url": 'https://example.com/<a>&"b"',
                "secret_file": "/run/secrets/watcher/webhook.secret",
            },
            {"type": "file", "name": "archive", "path": "/var/lib/watcher/ä {{ .x }}.jsonl"},
        ],
    }
    loaded = loaded_settings(helmed(values_sqs(settings=given)), tmp_path).settings
    assert json.loads(loaded.model_dump_json(include={"polling"}))["polling"].items() >= given["polling"].items()
    assert loaded.queue.max_in_flight == 120_000
    rules = [loaded.decision.rules(name) for name in ("default", "pay.out", "low")]
    assert [each and (each.threshold, each.require_reference_image) for each in rules] == [
        (82.5, True),
        (95, True),
        (82.5, False),
    ]
    assert [sink.model_dump()[key] for sink, key in zip(loaded.sinks, ("url", "path"), strict=True)] == [
        'https://example.com/<a>&"b"',
        "/var/lib/watcher/ä {{ .x }}.jsonl",
    ]
