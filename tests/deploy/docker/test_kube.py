"""The pod of deploy/kubernetes, as it is rendered for the embedded queue, run by `podman play kube`.

All of it has a network namespace of its own: the port and the firewall's rules of the pod clash with nobody's.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.docker.image import IMAGE
from tests.deploy.docker.podman import Podman, has_bridges, has_pause
from tests.deploy.docker.running import UNSIGNED, Container, eventually
from tests.deploy.kubernetes.rendering import CHART, Object, hooks, kustomized

pytestmark = pytest.mark.timeout(400)  # the first that needs the image builds it

POD, PORT = "watcher-0", 9464
ENDPOINT = "http://127.0.0.1:18080"
WATCHER = "/opt/watcher/bin/watcher"

FETCH = "import sys, urllib.request as r; print(r.build_opener(r.ProxyHandler({})).open(sys.argv[1]).status)"
CREATE = (
    "import boto3; c = boto3.client('rekognition', endpoint_url='%s', region_name='us-east-1',"
    " aws_access_key_id='x', aws_secret_access_key='x');"
    " print(c.create_face_liveness_session(ClientRequestToken='live--1')['SessionId'])"
)


@pytest.fixture
def isolated(podman: Podman) -> Iterator[Podman]:
    """podman in a network namespace that goes with the test."""
    tools = {
        "netavark": has_bridges(),
        "catatonit": has_pause(),
        "nsenter": shutil.which("nsenter"),
        "iptables": shutil.which("iptables"),
    }
    if not all(tools.values()):
        pytest.skip(f"not installed: {', '.join(name for name, there in tools.items() if not there)}")
    with subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE) as holder:
        namespace = Path(f"/proc/{holder.pid}/ns/net")
        eventually(lambda: namespace.readlink() != Path("/proc/self/ns/net").readlink(), "network namespace")
        inside = replace(podman, within=("nsenter", f"--net={namespace}"))
        yield inside
        inside("pod", "rm", "--all", "--force", "--time", "0", check=False)
        inside("volume", "rm", "--all", "--force", check=False)


def pod_of(objects: list[Object]) -> list[Object]:
    """The StatefulSet's first pod with its volume, and the ConfigMaps, as a cluster would make them."""
    (workload,) = [one for one in objects if one["kind"] == "StatefulSet"]
    maps = [one for one in objects if one["kind"] == "ConfigMap"]
    template, claims = workload["spec"]["template"], workload["spec"]["volumeClaimTemplates"]
    for claim in claims:
        name = claim["metadata"]["name"]
        template["spec"]["volumes"].append({"name": name, "persistentVolumeClaim": {"claimName": f"{name}-{POD}"}})
    metadata = {**template["metadata"], "name": POD}
    return [*maps, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}]


def play(podman: Podman, folder: Path) -> Container:
    """Run the rendered pod, unchanged but for two variables that lead it to a simulator in the same pod."""
    objects = pod_of([*kustomized("embedded").values()])
    for one in objects:
        if one["kind"] == "ConfigMap" and one["metadata"]["name"].startswith("watcher-env"):
            one["data"] |= UNSIGNED | {"AWS_ENDPOINT_URL_REKOGNITION": ENDPOINT}
    (container,) = objects[-1]["spec"]["containers"]
    podman("tag", IMAGE, container["image"])
    file = folder / "pod.yaml"
    file.write_text("\n---\n".join(map(json.dumps, objects)))  # JSON is YAML
    podman("play", "kube", str(file))
    port = ENDPOINT.rpartition(":")[2]
    podman("run", "--detach", "--pod", POD, IMAGE, "simulate", "--port", port, "--time-scale", "20")
    return Container(podman, f"{POD}-{container['name']}")


def address(podman: Podman) -> str:
    """The pod's, as probes and Prometheus see it."""
    infra = podman("pod", "inspect", "--format", "{{.InfraContainerID}}", POD).stdout.strip()
    networks: dict[str, Any] = podman.inspect(infra)["NetworkSettings"]["Networks"]
    return str(next(iter(networks.values()))["IPAddress"])


def probe(podman: Podman, path: str) -> bool:
    """Whether a GET from outside of the pod is answered with 200."""
    command = [*podman.within, sys.executable, "-c", FETCH, f"http://{address(podman)}:{PORT}{path}"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout == "200\n"


def helm_test(podman: Podman, folder: Path) -> tuple[int, str]:
    """Exit code and output of the pod of `helm test`, unchanged but for the address that a Service gives it."""
    one = hooks({}, CHART)["Pod/watcher-test"]
    (container,) = one["spec"]["containers"]
    podman("tag", IMAGE, container["image"])
    container["args"][1] = address(podman)
    file = folder / "test.yaml"
    file.write_text(json.dumps(one))
    podman("play", "kube", str(file))
    name = f"{one['metadata']['name']}-{container['name']}"
    code = int(podman("wait", name).stdout)
    return code, podman("logs", name).stdout


def test_the_rendered_pod_decides_answers_its_probes_and_stops_in_its_grace_period(
    isolated: Podman, tmp_path: Path
) -> None:
    watcher = play(isolated, tmp_path)
    eventually(lambda: probe(isolated, "/readyz"), "readiness")
    assert probe(isolated, "/livez")
    assert helm_test(isolated, tmp_path) == (0, f"{address(isolated)}: 200 []\n")
    session = isolated("exec", watcher.name, "/opt/watcher/bin/python", "-c", CREATE % ENDPOINT).stdout.strip()
    isolated("exec", watcher.name, WATCHER, "enqueue", session)
    (decision,) = eventually(watcher.decisions, "decision")
    assert (decision["subject"], decision["data"]["outcome"]) == (session, "live")
    isolated("stop", "--time", "45", watcher.name)
    state = isolated.inspect(watcher.name)
    assert state["State"]["ExitCode"] == 0
    assert state["HostConfig"]["ReadonlyRootfs"]
    assert state["Config"]["User"] == "65532:65532"
    assert watcher.log("stopped")
