#!/usr/bin/env python3
"""Write what is made from other files of this repository, so that nothing has to be kept the same by hand.

    python deploy/kubernetes/generate.py

- `components/monitoring/prometheusrule.yaml` and `chart/files/rules.yaml` from `deploy/prometheus`;
- `chart/values.schema.json` from `values.schema.base.json` and the watcher's own schema of its settings.

Needs PyYAML and the watcher itself. A test says when it has to be run again.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from watcher.config import json_schema

HERE = Path(__file__).parent
PROMETHEUS = HERE.parent / "prometheus"
RULE_FILES = ("rules.yml", "alerts.yml")

_NOT_IN_VALUES = {"aws": ("region",), "queue": ("url", "dead_letter_url")}
"""Settings that the chart takes from `region` and `sqs`, and hands to KEDA as well."""

_SECTIONS_NOT_IN_VALUES = ("ledger", "http")

_ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f]*$"

_HEAD = "# Made by deploy/kubernetes/generate.py from deploy/prometheus. Change it there.\n"


class _Dumper(yaml.SafeDumper):
    """Writes strings of several lines as blocks, as people do."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def outputs() -> dict[Path, str]:
    """Every generated file with what has to be in it."""
    groups = {"groups": rule_groups()}
    return {
        HERE / "components/monitoring/prometheusrule.yaml": _HEAD + _dumped(_prometheus_rule(groups)),
        HERE / "chart/files/rules.yaml": _HEAD + _dumped(groups),
        HERE / "chart/values.schema.json": json.dumps(_values_schema(), indent=2) + "\n",
    }


def rule_groups() -> list[Any]:
    """The groups of all rule files, in the order of the files."""
    return [group for name in RULE_FILES for group in yaml.safe_load((PROMETHEUS / name).read_text())["groups"]]


def _dumped(value: Mapping[str, Any]) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


def _prometheus_rule(spec: Mapping[str, Any]) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": "liveness-watcher", "app.kubernetes.io/instance": "watcher"}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "watcher", "labels": labels},
        "spec": dict(spec),
    }


def _values_schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((HERE / "values.schema.base.json").read_text())
    settings = json_schema()
    definitions = settings.pop("$defs")
    for section, keys in _NOT_IN_VALUES.items():
        model = definitions[settings["properties"][section]["$ref"].rpartition("/")[2]]
        for key in keys:
            del model["properties"][key]
    for section in _SECTIONS_NOT_IN_VALUES:
        del definitions[settings["properties"].pop(section)["$ref"].rpartition("/")[2]]
    del settings["$schema"]
    schema["properties"]["settings"] = settings
    schema["$defs"] = definitions
    _refuse_control_characters(settings)
    _refuse_control_characters(definitions)
    return schema


def _refuse_control_characters(schema: Any) -> None:
    """Let every text in `schema` that has no pattern be of one line: no setting needs a control character."""
    if isinstance(schema, dict):
        if schema.get("type") == "string" and not {"pattern", "enum", "const"} & schema.keys():
            schema["pattern"] = _ONE_LINE
        for inner in schema.values():
            _refuse_control_characters(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _refuse_control_characters(inner)


def main() -> None:
    """Write the files."""
    for path, text in outputs().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
