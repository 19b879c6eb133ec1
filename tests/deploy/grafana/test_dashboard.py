"""The dashboard is what its script writes, survives the SDK, and shows what an operator asks."""

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest
import yaml

from tests.deploy.prometheus.documents import DASHBOARD, GRAFANA, PROMETHEUS, dashboard

ROWS = [
    "Is it healthy?",
    "How fast are decisions?",
    "What is being decided?",
    "Do people get through?",
    "What limits it?",
    "Queue and sinks",
]
PANELS = [panel for panel in dashboard()["panels"] if panel["type"] != "row"]
IDS = [panel["title"] for panel in PANELS]


with_sdk = pytest.mark.skipif(find_spec("grafana_foundation_sdk") is None, reason="needs grafana-foundation-sdk")


@with_sdk
def test_the_dashboard_is_what_its_script_writes() -> None:
    written = subprocess.run(
        [sys.executable, "-B", str(GRAFANA / "dashboard.py")], text=True, capture_output=True, check=False
    )
    assert written.stderr == ""
    assert written.stdout == DASHBOARD.read_text(), f"write it anew: python {GRAFANA.name}/dashboard.py"


@with_sdk
def test_the_dashboard_survives_a_round_trip_through_the_sdk() -> None:
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard

    register_default_plugins()
    read = Dashboard.from_json(dashboard())
    assert json.loads(json.dumps(read, cls=JSONEncoder)) == dashboard()


def test_the_rows_are_the_questions_in_their_order() -> None:
    panels = dashboard()["panels"]
    assert [panel["title"] for panel in panels if panel["type"] == "row"] == ROWS
    assert all(panel["type"] == "row" or index > 0 for index, panel in enumerate(panels))


def test_panels_do_not_overlap() -> None:
    cells = [
        (x, y)
        for panel in dashboard()["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


@pytest.mark.parametrize("panel", PANELS, ids=IDS)
def test_each_panel_has_words_a_unit_thresholds_and_the_chosen_source(panel: dict[str, Any]) -> None:
    assert panel["description"]
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    for part in (panel, *panel["targets"]):
        assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_the_links_lead_to_runbooks_that_there_are_and_to_each_of_them() -> None:
    urls = {link["url"] for panel in PANELS for link in panel.get("links", [])}
    pages = {f"${{runbooks}}/{page.name}" for page in (PROMETHEUS / "runbooks").iterdir()}
    assert urls == pages


def test_ids_are_unique_and_the_uid_is_the_one_that_links_hold_on_to() -> None:
    ids = [panel["id"] for panel in dashboard()["panels"]]
    assert len(set(ids)) == len(ids)
    assert dashboard()["uid"] == "liveness-watcher"


def test_latency_is_shown_with_exemplars() -> None:
    targets = [target for panel in PANELS for target in panel["targets"] if "decision_latency" in target["expr"]]
    assert targets
    assert all(target["exemplar"] for target in targets)


def test_the_heat_map_of_confidence_is_there_for_each_policy() -> None:
    (panel,) = [panel for panel in PANELS if "watcher_policy_confidence_ratio_bucket" in str(panel["targets"])]
    assert (panel["type"], panel["repeat"]) == ("heatmap", "policy")
    assert 'policy=~"$policy"' in panel["targets"][0]["expr"]


def test_the_variables_are_those_that_the_queries_use() -> None:
    names = {variable["name"] for variable in dashboard()["templating"]["list"]}
    assert names == {"datasource", "job", "instance", "policy", "runbooks"}


def test_reloads_and_restarts_are_marked() -> None:
    marked = str([annotation["expr"] for annotation in dashboard()["annotations"]["list"]])
    assert "watcher_config_last_reload_timestamp_seconds" in marked
    assert "process_start_time_seconds" in marked


def test_the_provisioning_files_are_what_grafana_reads() -> None:
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/liveness-watcher.yml").read_text())["providers"]
    assert (provider["type"], provider["options"]["path"]) == (
        "file",
        "/var/lib/grafana/dashboards/liveness-watcher",
    )
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert source["type"] == "prometheus"
    assert source["jsonData"]["exemplarTraceIdDestinations"][0]["name"] == "trace_id"
