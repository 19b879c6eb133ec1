"""The pods keep the Pod Security Standard "restricted", rule by rule (kubernetes.io/docs/concepts/security)."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from tests.deploy.kubernetes.rendering import Object, Objects, container, pod, workload

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SYSCTLS = {"net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_syncookies"}
SELINUX = {None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}


def containers(spec: Object) -> list[Object]:
    return [one for key in ("containers", "initContainers", "ephemeralContainers") for one in spec.get(key, [])]


def contexts(spec: Object) -> list[Object]:
    """The security contexts: the pod's, and each container's."""
    return [spec.get("securityContext", {}), *(one.get("securityContext", {}) for one in containers(spec))]


def effective(spec: Object, key: str) -> list[Any]:
    """For each container what is in force: its own, or the pod's."""
    inherited = spec.get("securityContext", {}).get(key)
    return [one.get("securityContext", {}).get(key, inherited) for one in containers(spec)]


def host_process(spec: Object) -> bool:
    return not any(context.get("windowsOptions", {}).get("hostProcess") for context in contexts(spec))


def host_namespaces(spec: Object) -> bool:
    return not any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC"))


def privileged(spec: Object) -> bool:
    return not any(context.get("privileged") for context in contexts(spec))


def capabilities(spec: Object) -> bool:
    given = [one.get("securityContext", {}).get("capabilities", {}) for one in containers(spec)]
    return all("ALL" in each.get("drop", []) and set(each.get("add", [])) <= {"NET_BIND_SERVICE"} for each in given)


def volume_types(spec: Object) -> bool:
    return all(set(volume) - {"name"} <= VOLUMES for volume in spec.get("volumes", []))


def host_ports(spec: Object) -> bool:
    return not any(port.get("hostPort") for one in containers(spec) for port in one.get("ports", []))


def app_armor(spec: Object) -> bool:
    types = [context.get("appArmorProfile", {}).get("type") for context in contexts(spec)]
    return set(types) <= {None, "RuntimeDefault", "Localhost"}


def se_linux(spec: Object) -> bool:
    options = [context.get("seLinuxOptions", {}) for context in contexts(spec)]
    return all(each.get("type") in SELINUX and not each.get("user") and not each.get("role") for each in options)


def proc_mount(spec: Object) -> bool:
    return all(context.get("procMount") in {None, "Default"} for context in contexts(spec))


def seccomp(spec: Object) -> bool:
    profiles = effective(spec, "seccompProfile")
    return all(profile and profile["type"] in {"RuntimeDefault", "Localhost"} for profile in profiles)


def sysctls(spec: Object) -> bool:
    return {each["name"] for each in spec.get("securityContext", {}).get("sysctls", [])} <= SYSCTLS


def privilege_escalation(spec: Object) -> bool:
    return all(one.get("securityContext", {}).get("allowPrivilegeEscalation") is False for one in containers(spec))


def non_root(spec: Object) -> bool:
    return all(effective(spec, "runAsNonRoot"))


def non_root_user(spec: Object) -> bool:
    return all(context.get("runAsUser") != 0 for context in contexts(spec))


def probes_and_hooks_stay_in_the_pod(spec: Object) -> bool:
    return not any("host" in handler for handler in _handlers(spec))


def _handlers(spec: Object) -> Iterator[Object]:
    for one in containers(spec):
        acts = [one.get(name, {}) for name in ("livenessProbe", "readinessProbe", "startupProbe")]
        acts += one.get("lifecycle", {}).values()
        yield from (act[kind] for act in acts for kind in ("httpGet", "tcpSocket") if kind in act)


Rule = Callable[[Object], bool]

BROKEN: dict[Rule, tuple[tuple[Any, ...], Any]] = {
    host_process: (("securityContext", "windowsOptions"), {"hostProcess": True}),
    host_namespaces: (("hostPID",), True),
    privileged: (("containers", 0, "securityContext", "privileged"), True),
    capabilities: (("containers", 0, "securityContext", "capabilities", "add"), ["NET_RAW"]),
    volume_types: (("volumes", 0), {"name": "config", "hostPath": {"path": "/etc"}}),
    host_ports: (("containers", 0, "ports", 0, "hostPort"), 9464),
    app_armor: (("securityContext", "appArmorProfile"), {"type": "Unconfined"}),
    se_linux: (("securityContext", "seLinuxOptions"), {"type": "spc_t"}),
    proc_mount: (("containers", 0, "securityContext", "procMount"), "Unmasked"),
    seccomp: (("containers", 0, "securityContext", "seccompProfile"), {"type": "Unconfined"}),
    sysctls: (("securityContext", "sysctls"), [{"name": "kernel.msgmax", "value": "1"}]),
    privilege_escalation: (("containers", 0, "securityContext", "allowPrivilegeEscalation"), True),
    non_root: (("containers", 0, "securityContext", "runAsNonRoot"), False),
    non_root_user: (("securityContext", "runAsUser"), 0),
    probes_and_hooks_stay_in_the_pod: (("containers", 0, "livenessProbe", "httpGet", "host"), "10.0.0.1"),
}
"""Each rule, and a change of the pod that breaks it."""


@pytest.mark.parametrize("rule", list(BROKEN), ids=lambda rule: rule.__name__)
def test_a_rule_is_kept_and_would_notice_if_not(rule: Rule, objects: Objects) -> None:
    spec = pod(objects)
    assert rule(spec)
    broken: Any = deepcopy(spec)
    path, value = BROKEN[rule]
    at = broken
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert not rule(broken)


def test_the_user_is_a_number_that_is_not_root(objects: Objects) -> None:
    context = pod(objects)["securityContext"]
    assert {context[key] for key in ("runAsUser", "runAsGroup", "fsGroup")} == {65532}


def test_nothing_can_be_written_but_what_is_mounted_for_it(objects: Objects) -> None:
    assert container(objects)["securityContext"]["readOnlyRootFilesystem"] is True
    writable = {mount["mountPath"] for mount in container(objects)["volumeMounts"] if not mount.get("readOnly")}
    embedded = workload(objects)["kind"] == "StatefulSet"
    assert writable == {"/tmp", "/var/lib/watcher"} if embedded else {"/tmp"}  # noqa: S108


def test_the_pods_get_no_token_for_the_api_server(objects: Objects) -> None:
    accounts = [one for one in objects.values() if one["kind"] == "ServiceAccount"]
    assert [one["automountServiceAccountToken"] for one in (*accounts, pod(objects))] == [False, False]


def test_secrets_are_files_and_never_variables(objects: Objects) -> None:
    assert not any("secretRef" in source for source in container(objects)["envFrom"])
    assert not any("secretKeyRef" in variable.get("valueFrom", {}) for variable in container(objects)["env"])
    for volume in pod(objects)["volumes"]:
        assert volume.get("secret", {}).get("defaultMode", 0) & 0o007 == 0
