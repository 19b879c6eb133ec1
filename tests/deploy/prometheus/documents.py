"""The files under deploy/prometheus and deploy/grafana, read."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from tests.support import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
GRAFANA = ROOT / "deploy" / "grafana"
DASHBOARD = GRAFANA / "liveness-watcher.json"


def groups(name: str) -> list[dict[str, Any]]:
    """The groups of a rule file."""
    found: list[dict[str, Any]] = yaml.safe_load((PROMETHEUS / name).read_text())["groups"]
    return found


def alerts() -> dict[str, dict[str, Any]]:
    """The alerts by their names."""
    return {rule["alert"]: rule for group in groups("alerts.yml") for rule in group["rules"]}


def records() -> dict[str, str]:
    """What is recorded: names and expressions."""
    return {rule["record"]: rule["expr"] for group in groups("rules.yml") for rule in group["rules"]}


def dashboard() -> dict[str, Any]:
    """The dashboard."""
    found: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return found


def queries() -> Iterator[tuple[str, str]]:
    """Each query of the dashboard, annotations included, after the title of what shows it."""
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for annotation in dashboard()["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]
