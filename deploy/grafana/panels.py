"""Building blocks of the dashboard: panels of one look, made with Grafana's Foundation SDK."""

# ruff: noqa: INP001, FBT003 - scripts beside one another, no package; the SDK's switches are positional
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.builders import heatmap, prometheus, stat, timeseries
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models import heatmap as heatmap_models
from grafana_foundation_sdk.models import prometheus as prometheus_models

SOURCE = dashboard.DataSourceRef("prometheus", "${datasource}")
"""The data source that the variable at the top chooses."""

HEIGHT = 8
STAT_HEIGHT = 4

GREEN, YELLOW, RED = "green", "yellow", "red"


@dataclass(frozen=True, slots=True)
class Query:
    """One expression and the name of its series; `exemplar`: show the traces behind it."""

    expr: str
    legend: str = "__auto"
    exemplar: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """What all kinds have in common.

    Attributes:
        unit: Grafana's id of it.
        runbooks: names of the pages that say what to do, without `.md`.
        steps: from which value on which colour; the first one is the base, its value is not looked at.
        width: columns of 24.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    runbooks: tuple[str, ...] = ()
    steps: tuple[tuple[float, str], ...] = ((0, GREEN),)
    width: int = 8

    def dress(self, builder: Any, height: int) -> Any:
        """Give the panel its words, unit, thresholds, links and queries."""
        builder = builder.title(self.title).description(self.description).datasource(SOURCE).unit(self.unit)
        builder = builder.span(self.width).height(height).thresholds(_thresholds(self.steps))
        builder = builder.links([_runbook(name) for name in self.runbooks])
        for number, query in enumerate(self.queries):
            builder = builder.with_target(_target(query, chr(ord("A") + number)))
        return builder


def graph(panel: Panel, *, stacked: bool = False, lines_at_thresholds: bool = False) -> Any:
    """Lines over time; with `lines_at_thresholds` the thresholds are drawn too."""
    builder = timeseries.Panel().fill_opacity(60 if stacked else 10).line_width(1)
    builder = builder.show_points(common.VisibilityMode.NEVER).min(0)
    legend = common_builders.VizLegendOptions().display_mode(common.LegendDisplayMode.LIST)
    builder = builder.legend(legend.placement(common.LegendPlacement.BOTTOM).show_legend(True))
    builder = builder.tooltip(common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
    if stacked:
        builder = builder.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    if lines_at_thresholds:
        dashed = common_builders.GraphThresholdsStyleConfig().mode(common.GraphTresholdsStyleMode.DASHED)
        builder = builder.thresholds_style(dashed)
    return panel.dress(builder, HEIGHT)


def number(panel: Panel, words: dict[str, tuple[str, str]] | None = None) -> Any:
    """The latest value; `words` says it as a text and a colour where a number says too little."""
    builder = stat.Panel().color_mode(common.BigValueColorMode.VALUE).graph_mode(common.BigValueGraphMode.NONE)
    builder = builder.reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
    if words:
        options = {
            value: dashboard.ValueMappingResult(text=text, color=color, index=index)
            for index, (value, (text, color)) in enumerate(words.items())
        }
        builder = builder.mappings([dashboard.ValueMap(options=options)])
    return panel.dress(builder, STAT_HEIGHT)


def buckets(panel: Panel, *, repeat: str = "") -> Any:
    """A heat map of a histogram's buckets; `repeat` makes one for each value of that variable."""
    color = heatmap.HeatmapColorOptions().mode(heatmap_models.HeatmapColorMode.SCHEME).scheme("Oranges").steps(64)
    axis = heatmap.YAxisConfig().unit(panel.unit).axis_placement(common.AxisPlacement.LEFT)
    builder = heatmap.Panel().calculate(False).color(color).y_axis(axis).cell_gap(1).show_tooltip()
    builder = builder.hide_from(common_builders.HideSeriesConfig())  # or reading it back would add an empty setting
    if repeat:
        builder = builder.repeat(repeat).repeat_direction("h")
    for query in panel.dress(builder, HEIGHT).build().targets:
        query.format_val = prometheus_models.PromQueryFormat.HEATMAP
    return builder


def row(title: str, *panels: Any) -> tuple[Any, Sequence[Any]]:
    """A row of the dashboard and what stands in it."""
    return dashboard_builders.Row(title), panels


def _target(query: Query, ref: str) -> Any:
    target = prometheus.Dataquery().datasource(SOURCE).expr(query.expr).legend_format(query.legend).ref_id(ref)
    return target.range().exemplar(query.exemplar).editor_mode(prometheus_models.QueryEditorMode.CODE)


def _thresholds(steps: Sequence[tuple[float, str]]) -> Any:
    (_, base), *rest = steps
    levels = [dashboard.Threshold(None, base), *(dashboard.Threshold(float(value), color) for value, color in rest)]
    return dashboard_builders.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(levels)


def _runbook(name: str) -> Any:
    link = dashboard_builders.DashboardLink(f"Runbook: {name}").type(dashboard.DashboardLinkType.LINK)
    return link.url(f"${{runbooks}}/{name}.md").target_blank(True)
