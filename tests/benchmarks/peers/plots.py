"""The picture of the comparison. matplotlib is imported here only, when it is wanted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.peers.figures import Row, Waiting
from tests.benchmarks.peers.workers import WATCHER_NAME

OURS, OTHERS = "#c2410c", "#64748b"
LIGHT = {OURS: "#fdba74", OTHERS: "#cbd5e1"}
"""Colours of bars; the lighter ones are for the smaller number of sessions."""


def draw_peers(rows: Sequence[Row], path: Path) -> bool:
    """CPU of a decision, and resident memory by sessions in flight, as bars; False if nothing was measured.

    Raises:
        ImportError: there is no matplotlib.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    measured = [row for row in reversed(rows) if row.traffic and "0" in row.traffic]
    if not measured:
        return False
    figure = Figure(figsize=(10, 1.2 + 0.55 * len(measured)), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharey=True)
    draw_cpu(left, measured)
    draw_memory(right, measured)
    figure.savefig(path, dpi=144)
    return True


def draw_cpu(axes: Any, rows: Sequence[Row]) -> None:
    values = [(row.traffic or {})["0"].cpu_ms for row in rows]
    bars = axes.barh([row.name for row in rows], values, color=[colour(row) for row in rows])
    axes.bar_label(bars, fmt="%.1f", padding=3)
    finish(axes, "CPU of a decision, ms", max(values))


def draw_memory(axes: Any, rows: Sequence[Row]) -> None:
    """Two bars a peer: the most sessions in flight, and below it, lighter, the fewest."""
    found = [(position, row, row.waiting) for position, row in enumerate(rows) if row.waiting]
    sizes = [one for _, _, held in found for one in held]
    if not found:
        return
    fewest, most = min(one.sessions for one in sizes), max(one.sessions for one in sizes)
    for position, row, held in found:
        strong = colour(row)
        for wanted, offset, shade in ((most, 0.2, strong), (fewest, -0.2, LIGHT[strong])):
            one = next((one for one in held if one.sessions == wanted), None)
            if one:
                bar = axes.barh(position + offset, megabytes(one), 0.38, color=shade)
                axes.bar_label(bar, labels=[f"{megabytes(one):.0f}  ({wanted:,})"], padding=3, fontsize=8)
    finish(axes, "resident memory, MB (sessions in flight)", max(megabytes(one) for one in sizes))


def megabytes(one: Waiting) -> float:
    """With the broker's server: the sessions that wait lie there."""
    return one.rss + one.broker


def colour(row: Row) -> str:
    return OURS if row.name == WATCHER_NAME else OTHERS


def finish(axes: Any, title: str, most: float) -> None:
    """A title, room for the labels, and no more lines than needed."""
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlim(0, most * 1.25)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.xaxis.set_visible(False)
    axes.tick_params(length=0)
