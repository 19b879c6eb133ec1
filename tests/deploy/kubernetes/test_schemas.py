"""Every object is one that its API server takes."""

from copy import deepcopy
from typing import Any

import pytest

from tests.deploy.kubernetes import crds
from tests.deploy.kubernetes.rendering import HELM, Object, Objects, container, workload

kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="needs kubernetes-validate")

NEWEST = kubernetes_validate.latest_version()


def test_kubernetes_own_kinds_are_valid_and_have_no_unknown_field(objects: Objects) -> None:
    for one in _own(objects):
        kubernetes_validate.validate(one, NEWEST, strict=True)


def test_they_are_in_the_oldest_kubernetes_that_the_chart_takes(objects: Objects) -> None:
    for one in _own(objects):
        kubernetes_validate.validate(one, "1.29", strict=True)


def test_a_slip_in_a_field_is_found(objects: Objects) -> None:
    broken = deepcopy(workload(objects))
    broken["spec"]["template"]["spec"]["terminationGracePeriod"] = 30
    with pytest.raises(kubernetes_validate.ValidationError, match="terminationGracePeriod"):
        kubernetes_validate.validate(broken, NEWEST, strict=True)


def test_other_kinds_have_the_fields_that_their_makers_document(objects: Objects) -> None:
    for one in _others(objects):
        assert crds.problems(one) == [], one["kind"]


@pytest.mark.parametrize(
    ("kind", "path", "value", "problem"),
    [
        ("ScaledObject", ("maxReplicas",), 3, "spec.maxReplicas is not known"),
        ("ScaledObject", ("triggers", 0, "metadata", "scaleOnInFlight"), True, "spec.triggers[0].metadata can't be"),
        ("ScaledObject", ("triggers",), [], "spec.triggers is no list with something in it"),
        ("TriggerAuthentication", ("podIdentity",), {}, "spec.podIdentity.provider is missing"),
        (
            "PodMonitor",
            ("podMetricsEndpoints", 0, "interval"),
            "15 s",
            "spec.podMetricsEndpoints[0].interval can't be",
        ),
        ("PrometheusRule", ("groups", 0, "rules", 0, "labels"), {"a": 1}, "spec.groups[0].rules[0].labels can't be"),
        ("PrometheusRule", ("groups",), "all", "spec.groups is no list with something in it"),
    ],
)
def test_a_slip_in_another_kind_is_found(kind: str, path: tuple[Any, ...], value: object, problem: str) -> None:
    broken = HELM["sqs"]()[f"{kind}/watcher"]
    at = broken["spec"]
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    (found,) = crds.problems(broken)
    assert found.startswith(problem)


def test_selectors_find_the_pods(objects: Objects) -> None:
    labels = workload(objects)["spec"]["template"]["metadata"]["labels"]
    selectors = [selector for one in objects.values() for selector in _selectors(one)]
    assert len(selectors) >= 3
    for selector in selectors:
        assert selector.items() <= labels.items()


def test_names_that_are_referred_to_are_there(objects: Objects) -> None:
    spec = workload(objects)["spec"]["template"]["spec"]
    assert f"ServiceAccount/{spec['serviceAccountName']}" in objects
    (config,) = (volume["configMap"]["name"] for volume in spec["volumes"] if "configMap" in volume)
    (env,) = (source["configMapRef"]["name"] for source in container(objects)["envFrom"])
    names = {one["metadata"]["name"] for one in objects.values() if one["kind"] == "ConfigMap"}
    assert {config, env} == names
    claims = {claim["metadata"]["name"] for claim in workload(objects)["spec"].get("volumeClaimTemplates", [])}
    volumes = {volume["name"] for volume in spec["volumes"]} | claims
    assert volumes == {mount["name"] for mount in container(objects)["volumeMounts"]}


def test_all_objects_are_in_the_namespace_that_the_role_is_for(objects: Objects) -> None:
    assert {one["metadata"]["namespace"] for one in objects.values()} == {"liveness"}


def _others(objects: Objects) -> list[Object]:
    return [one for one in objects.values() if (one["apiVersion"], one["kind"]) in crds.KINDS]


def _own(objects: Objects) -> list[Object]:
    own = [one for one in objects.values() if (one["apiVersion"], one["kind"]) not in crds.KINDS]
    assert len(own) >= 6
    return own


def _selectors(one: Object) -> list[dict[str, str]]:
    spec = one.get("spec", {})
    if one["kind"] == "Service":
        return [spec["selector"]]
    found = [spec[key]["matchLabels"] for key in ("selector", "podSelector") if key in spec]
    spread = spec.get("template", {}).get("spec", {}).get("topologySpreadConstraints", [])
    return found + [constraint["labelSelector"]["matchLabels"] for constraint in spread]
