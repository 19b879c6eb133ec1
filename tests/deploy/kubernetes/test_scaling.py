"""How many replicas there are, and what is refused."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.kubernetes.rendering import (
    CHART,
    HELM,
    KUSTOMIZE,
    Objects,
    helmed,
    kustomized,
    loaded_settings,
    values_sqs,
    workload,
)
from watcher.rate_limit.slow_start import START_RATE, START_RATES

helm = pytest.importorskip("helm_python", reason="needs helm-python-sdk")

DEFAULT_QUOTA = START_RATES["us-east-1"]
LEAST_RATE = 5


@pytest.fixture
def unchecked(tmp_path: Path) -> Path:
    """The chart for somebody who says --skip-schema-validation."""
    copy = tmp_path / "chart"
    shutil.copytree(CHART, copy)
    (copy / "values.schema.json").unlink()
    return copy


@pytest.fixture(params=["kustomize", "helm"])
def scaled(request: pytest.FixtureRequest) -> Objects:
    render = {"kustomize": KUSTOMIZE, "helm": HELM}[request.param]["sqs"]
    return render()


def test_keda_counts_sessions_that_are_watched(scaled: Objects, tmp_path: Path) -> None:
    (trigger,) = scaled["ScaledObject/watcher"]["spec"]["triggers"]
    settings = loaded_settings(scaled, tmp_path).settings
    assert trigger["type"] == "aws-sqs-queue"
    assert trigger["metadata"]["scaleOnInFlight"] == "true"
    assert trigger["metadata"]["activationQueueLength"] == "0"
    assert trigger["metadata"]["queueURL"] == settings.queue.url
    assert trigger["metadata"]["awsRegion"] == settings.aws.region
    assert int(trigger["metadata"]["queueLength"]) <= settings.queue.max_in_flight / 2


def test_replicas_times_rate_stays_within_the_quota(scaled: Objects) -> None:
    spec = scaled["ScaledObject/watcher"]["spec"]
    assert spec["maxReplicaCount"] * LEAST_RATE <= DEFAULT_QUOTA
    assert 2 <= spec["minReplicaCount"] <= spec["fallback"]["replicas"] <= spec["maxReplicaCount"]


def test_a_replica_is_not_taken_away_while_sessions_of_its_time_live(scaled: Objects, tmp_path: Path) -> None:
    spec = scaled["ScaledObject/watcher"]["spec"]
    down = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
    life = loaded_settings(scaled, tmp_path).settings.polling.session_timeout
    assert min(down["stabilizationWindowSeconds"], spec["cooldownPeriod"]) > life


def test_keda_alone_says_how_many(scaled: Objects) -> None:
    target = scaled["ScaledObject/watcher"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", "watcher")
    assert "replicas" not in workload(scaled)["spec"]
    reference = scaled["ScaledObject/watcher"]["spec"]["triggers"][0]["authenticationRef"]["name"]
    assert f"TriggerAuthentication/{reference}" in scaled


def test_the_embedded_queue_has_one_replica_whatever_comes_on_top() -> None:
    for objects in (kustomized("embedded", "monitoring"), helmed({})):
        assert workload(objects)["kind"] == "StatefulSet"
        assert workload(objects)["spec"]["replicas"] == 1
        assert not any(one["kind"] == "ScaledObject" for one in objects.values())


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"replicaCount": 2}, "at '/replicaCount': value must be 1"),
    ({"replicaCount": 0}, "at '/replicaCount': value must be 1"),
    ({"keda": {"enabled": True}}, "at '/keda/enabled': value must be false"),
    ({"replicas": 1}, "additional properties 'replicas' not allowed"),
    (
        {"settings": {"queue": {"url": "sqlite:///x"}}},
        "at '/settings/queue': additional properties 'url' not allowed",
    ),
    ({"settings": {"polling": {"max_rates": 5}}}, "additional properties 'max_rates' not allowed"),
    ({"settings": {"decision": {"threshold": 101}}}, "at '/settings/decision/threshold'"),
    ({"settings": {"decision": {"threshold": 0.8}}}, "at '/settings/decision/threshold': exclusiveMinimum: got 0.8"),
    (
        {"settings": {"decision": {"policies": {"payout": {"threshold": 0.95}}}}},
        "at '/settings/decision/policies/payout/threshold': exclusiveMinimum: got 0.95, want 1",
    ),
    (
        {"settings": {"sinks": [{"type": "webhook", "url": "http://backend.internal/"}]}},
        "at '/settings/sinks/0': missing property 'allow_private'",
    ),
    ({"settings": {"http": {"port": 80}}}, "additional properties 'http' not allowed"),
    ({"mode": "redis"}, "at '/mode': value must be one of 'embedded', 'sqs'"),
    ({"mode": "sqs"}, "at '/sqs/queueUrl': minLength: got 0, want 1"),
    ({"mode": "sqs", "sqs": {"ledgerUrl": "sqlite:///x"}}, "at '/sqs/ledgerUrl'"),
    ({"image": {"digest": "latest"}}, "at '/image/digest'"),
    (
        {"settings": {"polling": {"max_rate": 30}}},
        "replicaCount x settings.polling.max_rate = 1 x 30 = 30 calls a second",
    ),
    (
        values_sqs(settings={"polling": {"max_rate": 6.5}}),
        "keda.maxReplicaCount x settings.polling.max_rate = 4 x 6.5 = 26",
    ),
    (
        values_sqs(keda={"maxReplicaCount": 6}),
        "keda.maxReplicaCount x ratePerReplica = 6 x 5 = 30 calls a second is above quota = 25",
    ),
    (values_sqs(quota=5), "keda.maxReplicaCount x ratePerReplica = 4 x 5 = 20 calls a second is above quota = 5: "),
    (values_sqs(region="eu-west-1"), "= 20 calls a second is above quota = 5, AWS's default in eu-west-1: "),
    ({"region": "eu-west-1", "settings": {"polling": {"max_rate": 5.5}}}, "above quota = 5, AWS's default in"),
    (values_sqs(keda={"enabled": False}, replicaCount=6), "replicaCount x ratePerReplica = 6 x 5 = 30"),
    (values_sqs(keda={"minReplicaCount": 5}), "keda.minReplicaCount = 5 is above keda.maxReplicaCount = 4"),
    ({"terminationGracePeriodSeconds": 29}, "terminationGracePeriodSeconds = 29 leaves less than 5 seconds after"),
    ({"settings": {"shutdown": {"drain_timeout": 60}}}, "settings.shutdown.drain_timeout = 60"),
]


@pytest.mark.parametrize(("values", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_values_that_can_not_work_are_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(helm.HelmError) as refused:
        helmed(values)
    assert words in str(refused.value)


ALSO_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"replicaCount": 2}, "replicaCount = 2, keda.enabled = false: the embedded queue is a file on one pod's volume"),
    ({"keda": {"enabled": True}}, "replicaCount = 1, keda.enabled = true: the embedded queue"),
    (values_sqs(sqs={"queueUrl": ""}), "sqs.queueUrl is empty"),
    (values_sqs(sqs={"ledgerUrl": ""}), "sqs.ledgerUrl is empty"),
]


@pytest.mark.parametrize(("values", "words"), ALSO_REFUSED, ids=[words for _, words in ALSO_REFUSED])
def test_without_the_schema_they_are_refused_too(values: dict[str, Any], words: str, unchecked: Path) -> None:
    with pytest.raises(helm.HelmRenderError) as refused:
        helmed(values, unchecked)
    assert words in str(refused.value)


@pytest.mark.parametrize("region", [*START_RATES, "eu-west-1", "us-east-2", "ap-south-1"])
def test_the_quota_is_the_regions_default(region: str) -> None:
    quota = START_RATES.get(region, START_RATE)
    helmed({"region": region, "settings": {"polling": {"max_rate": quota}}})
    with pytest.raises(helm.HelmError, match=f"above quota = {quota:g}, AWS's default in {region}"):
        helmed({"region": region, "settings": {"polling": {"max_rate": quota + 0.5}}})


def test_the_quota_of_an_account_beats_the_regions() -> None:
    objects = helmed(values_sqs(region="eu-west-1", quota=20))
    assert objects["ScaledObject/watcher"]["spec"]["maxReplicaCount"] == 4


def test_a_higher_quota_allows_more_replicas() -> None:
    objects = helmed(values_sqs(quota=100, keda={"maxReplicaCount": 20}))
    assert objects["ScaledObject/watcher"]["spec"]["maxReplicaCount"] == 20
