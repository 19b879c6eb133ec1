"""Writes the dashboard to stdout: `python deploy/grafana/dashboard.py > deploy/grafana/liveness-watcher.json`.

A change is made here, never in the JSON; a test holds the two together. Needs grafana-foundation-sdk.
"""

# ruff: noqa: INP001, FBT003 - scripts beside one another, no package; the SDK's switches are positional
import json
import sys
from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard
from panels import SOURCE
from rows import rows

UID = "liveness-watcher"
"""Links to the dashboard hold on to this."""

SCHEMA_VERSION = 41  # Grafana 11.6 and 12; older ones read it too

OF = '{job=~"$job", instance=~"$instance"}'


def build() -> dashboard.Dashboard:
    """The dashboard."""
    builder = builders.Dashboard("Liveness watcher").uid(UID).tags(["liveness-watcher"]).timezone("browser")
    builder = builder.description("Is it healthy, how fast does it decide, what does it decide, what limits it.")
    builder = builder.time("now-6h", "now").refresh("30s").tooltip(dashboard.DashboardCursorSync.CROSSHAIR).readonly()
    builder = builder.link(
        builders.DashboardLink("Runbooks")
        .type(dashboard.DashboardLinkType.LINK)
        .url("${runbooks}")
        .target_blank(True)
    )
    for variable in _variables():
        builder = builder.with_variable(variable)
    for annotation in _annotations():
        builder = builder.annotation(annotation)
    for title, panels in rows():
        builder = builder.with_row(title)
        for panel in panels:
            builder = builder.with_panel(panel)
    made = builder.build()
    made.schema_version = SCHEMA_VERSION
    for number, panel in enumerate(made.panels or [], start=1):
        panel.id_val = number
    return made


def _variables() -> Iterator[Any]:
    yield builders.DatasourceVariable("datasource").label("Data source").type("prometheus")
    yield _labels("job", "Job", "watcher_build_info", is_single=True)
    yield _labels("instance", "Instance", 'watcher_build_info{job=~"$job"}')
    yield _labels("policy", "Policy", 'watcher_decisions_total{job=~"$job"}')
    yield (
        builders.TextBoxVariable("runbooks")
        .label("Runbooks")
        .default_value("https://runbooks.example.com/liveness-watcher")
    )


def _labels(name: str, label: str, series: str, *, is_single: bool = False) -> Any:
    variable = builders.QueryVariable(name).label(label).datasource(SOURCE)
    variable = variable.query(f"label_values({series}, {name})").sort(dashboard.VariableSort.ALPHABETICAL_ASC)
    variable = variable.refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
    return variable if is_single else variable.multi(True).include_all(True)


def _annotations() -> Iterator[Any]:
    """What somebody did shortly before things changed."""
    for name, color, series in (
        ("Settings loaded", "blue", "watcher_config_last_reload_timestamp_seconds"),
        ("Restarts", "purple", "process_start_time_seconds"),
    ):
        expr = f"max by (instance) (changes({series}{OF}[$__rate_interval])) > 0"
        yield builders.AnnotationQuery().name(name).datasource(SOURCE).enable(True).icon_color(color).expr(expr)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n")
