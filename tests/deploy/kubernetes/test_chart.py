"""The chart for itself: clean, and what its values do."""

import json
import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.deploy.kubernetes.rendering import (
    CHART,
    HELM,
    HELM_KEEPS,
    KUSTOMIZE,
    Objects,
    container,
    helmed,
    notes,
    pod,
    values_sqs,
    workload,
)

helm = pytest.importorskip("helm_python", reason="needs helm-python-sdk")

RECOMMENDED = "icon is recommended"
ROLE = {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/watcher"}
DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize("values", [{}, values_sqs()], ids=["embedded", "sqs"])
def test_helm_lint_has_nothing_to_say(values: dict[str, Any]) -> None:
    report = helm.lint(str(CHART), values, strict=True)
    assert report["errors"] == []
    assert [message["error"] for message in report["messages"]] == [RECOMMENDED]


def test_the_schema_is_one_that_helm_3_reads_too() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(schema)
    validator = Draft7Validator(schema)
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    assert list(validator.iter_errors(defaults)) == []
    assert [error.json_path for error in validator.iter_errors({**defaults, "replicaCount": 2})] == ["$.replicaCount"]


def test_a_changed_setting_is_a_roll_out_and_an_unchanged_one_is_none() -> None:
    def template(**changes: Any) -> str:
        return json.dumps(workload(helmed(values_sqs(quota=25, **changes)))["spec"]["template"])

    changed = {template(settings={"decision": {"threshold": 90}}), template(region="eu-west-1"), template()}
    assert len(changed) == 3
    assert template() == template(podMonitor={"enabled": True})


def test_an_upgrade_leaves_the_settings_of_older_pods_as_they_are(objects: Objects) -> None:
    """Another content has another name, and Helm deletes none: a container that is restarted finds its own again."""
    for name in ("config", "env"):
        config_map = objects[f"ConfigMap/watcher-{name}"]
        assert re.fullmatch(rf"watcher-{name}-[0-9a-z]{{10}}", config_map["metadata"]["name"])
        assert config_map["immutable"] is True
        is_helms = "app.kubernetes.io/managed-by" in config_map["metadata"]["labels"]
        assert config_map["metadata"].get("annotations", {}) == (HELM_KEEPS if is_helms else {})


@pytest.mark.parametrize("mode", ["embedded", "sqs"])
def test_helm_names_config_maps_after_what_is_in_them(mode: str) -> None:
    def names(**changes: Any) -> list[str]:
        objects = helmed({"quota": 25, **(values_sqs(**changes) if mode == "sqs" else changes)})
        return [objects[f"ConfigMap/watcher-{name}"]["metadata"]["name"] for name in ("config", "env")]

    config, env = names()
    assert names(podLabels={"a": "b"}) == [config, env]
    assert names(settings={"log": {"level": "debug"}})[0] != config
    assert names(settings={"log": {"level": "debug"}})[1] == env
    assert names(region="eu-west-1")[0] == config
    assert names(region="eu-west-1")[1] != env


def test_kustomize_names_config_maps_after_what_is_in_them() -> None:
    embedded, sqs = (KUSTOMIZE[name]() for name in ("embedded", "sqs"))
    for name in ("config", "env"):
        first, other = (objects[f"ConfigMap/watcher-{name}"]["metadata"]["name"] for objects in (embedded, sqs))
        assert len({first, other, f"watcher-{name}"}) == 3


def test_an_image_is_named_by_tag_or_better_by_digest() -> None:
    given = {"repository": "example.com/watcher", "tag": "1.2.3", "pullPolicy": "Always"}
    assert container(helmed({"image": given}))["image"] == "example.com/watcher:1.2.3"
    by_digest = container(helmed({"image": {**given, "digest": DIGEST}}))
    assert (by_digest["image"], by_digest["imagePullPolicy"]) == (f"example.com/watcher@{DIGEST}", "Always")


def test_the_service_account_carries_the_role_or_is_somebody_elses() -> None:
    own = helmed({"serviceAccount": {"annotations": ROLE}})
    assert own["ServiceAccount/watcher"]["metadata"]["annotations"] == ROLE
    others = helmed({"serviceAccount": {"create": False, "name": "theirs"}})
    assert pod(others)["serviceAccountName"] == "theirs"
    assert "ServiceAccount/watcher" not in others


@pytest.mark.parametrize("kind", ["networkPolicy", "podDisruptionBudget"])
def test_a_part_can_be_left_out(kind: str) -> None:
    assert set(helmed({})) - set(helmed({kind: {"enabled": False}})) == {f"{kind[0].upper()}{kind[1:]}/watcher"}


def test_monitoring_is_only_for_clusters_that_have_its_kinds() -> None:
    assert not any("monitoring.coreos.com" in one["apiVersion"] for one in helmed({}).values())
    labels = {"release": "kube-prometheus-stack"}
    given = {"enabled": True, "labels": labels}
    objects = helmed({"podMonitor": given, "prometheusRule": given})
    for kind in ("PodMonitor", "PrometheusRule"):
        assert objects[f"{kind}/watcher"]["metadata"]["labels"].items() >= labels.items()


def test_the_secret_of_a_webhook_is_a_file() -> None:
    objects = helmed({"secrets": {"existingSecret": "mine"}})
    (volume,) = (each for each in pod(objects)["volumes"] if each["name"] == "secrets")
    assert volume["secret"] == {"secretName": "mine", "defaultMode": 0o440}
    (mount,) = (each for each in container(objects)["volumeMounts"] if each["name"] == "secrets")
    assert (mount["mountPath"], mount["readOnly"]) == ("/run/secrets/watcher", True)
    assert not any("secret" in each for each in pod(helmed({}))["volumes"])


def test_the_autoscaler_may_remove_a_node_with_nothing_but_tmp_on_it(objects: Objects) -> None:
    annotation = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
    annotations = workload(objects)["spec"]["template"]["metadata"]["annotations"]
    local = [volume["name"] for volume in pod(objects)["volumes"] if "emptyDir" in volume]
    assert annotations[annotation].split(",") == local == ["tmp"]


def test_annotations_of_ones_own_are_added_and_win() -> None:
    annotation = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
    given = {"a": "b", annotation: "tmp,mine"}
    assert workload(helmed({"podAnnotations": given}))["spec"]["template"]["metadata"]["annotations"] == given


@pytest.mark.parametrize("values", [{}, values_sqs()], ids=["embedded", "sqs"])
def test_volumes_and_init_containers_of_ones_own_are_added(values: dict[str, Any]) -> None:
    plain = helmed(values)
    volume = {"name": "ca", "configMap": {"name": "corporate-ca"}}
    mount = {"name": "ca", "mountPath": "/etc/ssl/corporate", "readOnly": True}
    first = {"name": "wait", "image": "example.com/wait:1", "volumeMounts": [mount]}
    more = {"extraVolumes": [volume], "extraVolumeMounts": [mount], "initContainers": [first]}
    objects = helmed({**values, **more})
    assert pod(objects)["volumes"] == [*pod(plain)["volumes"], volume]
    assert container(objects)["volumeMounts"] == [*container(plain)["volumeMounts"], mount]
    assert pod(objects)["initContainers"] == [first]
    assert "initContainers" not in pod(plain)


@pytest.mark.parametrize("base", ["https://git.example.com/main/runbooks", "https://git.example.com/main/runbooks/"])
def test_alerts_lead_to_the_runbooks_of_ones_own(base: str) -> None:
    def alerts(**more: Any) -> dict[str, Any]:
        spec = helmed({"prometheusRule": {"enabled": True, **more}})["PrometheusRule/watcher"]["spec"]
        return {rule["alert"]: rule for group in spec["groups"] for rule in group["rules"] if "alert" in rule}

    usual, changed = alerts(), alerts(runbookBaseUrl=base)
    for name, alert in changed.items():
        page = usual[name]["annotations"]["runbook_url"].rpartition("/")[2]
        assert alert["annotations"].pop("runbook_url") == f"https://git.example.com/main/runbooks/{page}"
        del usual[name]["annotations"]["runbook_url"]
    assert changed == usual
    assert len(changed) > 10


PLACED: dict[str, Any] = {
    "nodeSelector": {"kubernetes.io/arch": "arm64"},
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "high",
    "imagePullSecrets": [{"name": "registry"}],
    "terminationGracePeriodSeconds": 50,
}


@pytest.mark.parametrize("key", list(PLACED))
def test_what_is_said_of_pods_reaches_them(key: str) -> None:
    assert pod(helmed({key: PLACED[key]}))[key] == PLACED[key]


def test_what_is_said_of_the_container_reaches_it() -> None:
    variable = {"name": "WATCHER_LOG__LEVEL", "value": "debug"}
    limits = {"memory": "1Gi"}
    given = container(helmed({"extraEnv": [variable], "resources": {"limits": limits}, "httpHost": "::"}))
    assert given["env"] == [{"name": "WATCHER_HTTP__HOST", "value": "::"}, variable]
    assert given["resources"]["limits"] == limits


def test_the_volume_is_as_large_and_of_the_class_that_is_said() -> None:
    objects = helmed({"persistence": {"size": "20Gi", "storageClassName": "gp3"}})
    (claim,) = workload(objects)["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "gp3"
    assert claim["spec"]["resources"]["requests"]["storage"] == "20Gi"
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]


def test_the_network_policy_lets_through_what_is_asked_for_on_top() -> None:
    extra = {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 8443, "protocol": "TCP"}]}
    given = {"ingressFrom": [{"podSelector": {}}], "extraEgress": [extra]}
    policy = helmed({"networkPolicy": given})["NetworkPolicy/watcher"]["spec"]
    assert policy["ingress"][0]["from"] == given["ingressFrom"]
    assert policy["egress"][-1] == extra


def test_nothing_but_dns_tls_and_the_agent_of_pod_identity_is_let_out() -> None:
    policy = HELM["sqs"]()["NetworkPolicy/watcher"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    by_ports = {tuple(port["port"] for port in rule["ports"]): rule["to"] for rule in policy["egress"]}
    assert set(by_ports) == {(53, 53), (443,), (80,)}
    assert by_ports[80,] == [{"ipBlock": {"cidr": cidr}} for cidr in ("169.254.170.23/32", "fd00:ec2::23/128")]
    assert [port["port"] for port in policy["ingress"][0]["ports"]] == ["metrics"]


def test_the_notes_say_what_to_do_next() -> None:
    embedded, sqs = notes({"serviceAccount": {"annotations": ROLE}}), notes(values_sqs())
    for text, target in ((embedded, "statefulset/watcher"), (sqs, "deployment/watcher")):
        assert f"kubectl -n liveness rollout status {target}" in text
        assert f"kubectl -n liveness exec {target} -- watcher check" in text
    assert "kubectl -n liveness exec statefulset/watcher -- watcher enqueue SESSION_ID" in embedded
    queue = values_sqs()["sqs"]["queueUrl"]
    assert f"aws sqs send-message --queue-url {queue} --message-body SESSION_ID" in sqs
    assert "watcher enqueue" not in sqs, "deploy/aws lets the pods' role only receive"
    assert "needs a role" in sqs
    assert "needs a role" not in embedded
    assert "KEDA keeps 2 to 4 replicas" in sqs
