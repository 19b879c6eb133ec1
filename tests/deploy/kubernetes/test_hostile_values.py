"""No value of the chart can say more than itself: the schema refuses it, and without the schema it is quoted."""

import shutil
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.kubernetes.rendering import CHART, SECRETS, helmed, hooks, values_sqs

ALL_OPTIONS: dict[str, Any] = {
    "podMonitor": {"enabled": True},
    "prometheusRule": {"enabled": True, "runbookBaseUrl": "https://git.example.com/runbooks"},
    **SECRETS,
    "priorityClassName": "high",
    "fullnameOverride": "liveness",
    "image": {"repository": "registry.example.com/w", "tag": "1", "pullPolicy": "Always"},
    "imagePullSecrets": [{"name": "pull"}],
    "serviceAccount": {"create": True, "name": "w", "annotations": {"a": "b"}},
    "podLabels": {"a": "b"},
    "podAnnotations": {"a": "b"},
    "nodeSelector": {"a": "b"},
    "httpHost": "::",
    "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
    "extraVolumeMounts": [{"name": "ca", "mountPath": "/ca"}],
    "initContainers": [{"name": "wait", "image": "example.com/wait"}],
    "settings": {
        "aws": {"profile": "p"},
        "decision": {"policies": {"payout": {"threshold": 95}}},
        "sinks": [{"type": "webhook", "name": "w", "url": "https://w.example.com/", "secret_file": "/run/s"}],
    },
}
VALUES = {
    "embedded": {**ALL_OPTIONS, "persistence": {"size": "1Gi", "storageClassName": "fast"}},
    "sqs": values_sqs(**ALL_OPTIONS, quota=25, keda={"enabled": True, "identityOwner": "workload"}),
}
BREAKOUTS = [
    "x\n      hostNetwork: true",
    "x\r\n      hostNetwork: true",
    "x\u0085hostNetwork: true\u0085",
    "x\u2028hostNetwork: true",
    'x"\nhostNetwork: true',
    'x\\"\n[http]\nhost = "0.0.0.0"',
    "x, hostNetwork: true}",
    "x #",
    "x: y",
    "{{ .Release.Name }}",
    "\x7f\x1b",
    "!!binary x",
    "*x",
]


def texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the values have a text."""
    if isinstance(value, str):
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from texts(inner, (*path, key))


def changed(values: dict[str, Any], path: tuple[Any, ...], text: str) -> dict[str, Any]:
    values = inner = deepcopy(values)
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = text
    return values


def shape(value: Any) -> Any:
    """The keys and the number of items, without the values; settings as one text, which others look into."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value).__name__


def shapes(values: dict[str, Any], chart: Path) -> list[Any]:
    objects = [*helmed(values, chart).values(), *hooks(values, chart).values()]
    return [(one["kind"], shape(one)) for one in objects]


@pytest.fixture(scope="module")
def unchecked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chart as with --skip-schema-validation."""
    chart = tmp_path_factory.mktemp("chart") / "chart"
    shutil.copytree(CHART, chart)
    (chart / "values.schema.json").unlink()
    return chart


@cache
def benign_shapes(mode: str, chart: Path) -> list[Any]:
    return shapes(VALUES[mode], chart)


CASES = [(mode, path) for mode, values in VALUES.items() for path in texts(values) if path != ("mode",)]


@pytest.mark.parametrize(("mode", "path"), CASES, ids=[f"{mode}-{'.'.join(map(str, path))}" for mode, path in CASES])
def test_a_value_never_breaks_out_of_its_place(mode: str, path: tuple[Any, ...], unchecked: Path) -> None:
    benign = benign_shapes(mode, unchecked)
    for text in BREAKOUTS:
        assert shapes(changed(VALUES[mode], path, text), unchecked) == benign


MUST_BE_REFUSED = ["image.tag", "image.repository", "priorityClassName", "secrets.existingSecret", "fullnameOverride"]
MUST_BE_REFUSED += ["serviceAccount.name", "settings.aws.profile", "settings.sinks.0.url", "httpHost"]
MUST_BE_REFUSED += ["prometheusRule.runbookBaseUrl"]


@pytest.mark.parametrize("dotted", MUST_BE_REFUSED)
@pytest.mark.parametrize("text", ["x\ny: z", "x\u0085y: z"])
def test_the_schema_names_a_value_with_a_line_break(dotted: str, text: str) -> None:
    path = tuple(int(key) if key.isdigit() else key for key in dotted.split("."))
    with pytest.raises(Exception, match=str(path[-1])):
        helmed(changed(VALUES["embedded"], path, text))
