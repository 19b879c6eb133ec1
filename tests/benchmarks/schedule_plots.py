"""Two plots of what bench_schedule.py found. Needs matplotlib."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.ticker import FixedLocator, NullLocator

from tests.benchmarks.schedule_cases import BASE
from tests.benchmarks.schedule_ideal import Optimum

CALLS_OR_LOADS = (1, 1.5, 2, 3, 4, 5, 6.5, 8, 10, 13, 16, 20, 30, 70, 95, 150, 300, 1000)
SECONDS = (0.5, 1, 2, 3, 5, 10, 20, 30, 50, 100, 180)

Rows = dict[tuple[str, str], tuple[float, ...]]

SHOWN = ("fixed 1 s", "fixed 5 s", "backoff 1-30 s", "full jitter, limited", "even sharing", "learned, quota found")
"""What the second plot shows of the strategies: twelve lines could not be told apart."""

EQUAL = ("fixed interval", "best-tuned backoff (full jitter)", "index, computed exactly", "optimum", "learned")


def plot(rows: Rows, folder: str) -> list[Path]:
    """Write p95.png (delay against calls per decision) and load.png (delay against load); returns their paths."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    return [_at_equal_calls(rows, place / "p95.png"), _under_load(rows, place / "load.png")]


def plot_hints(rows: Mapping[str, tuple[float, ...]], folder: str) -> Path:
    """Write hints.png: p95 against calls, for each share that is announced, beside the optimum without hints."""
    shares = {label: figures for label, figures in rows.items() if label.endswith(" announced")}
    optimum = Optimum(BASE)
    figure, axes = plt.subplots(figsize=(8, 5))
    calls = [1.5, 2, 2.5, 3, 4, 5, 6.5]
    axes.plot(calls, [optimum.at_calls(k).p95 for k in calls], marker="o", label="optimum without hints")
    axes.plot(*zip(*[(row[0], row[2]) for row in shares.values()], strict=True), marker="s", label="with hints")
    for label, row in shares.items():
        axes.annotate(label, (row[0], row[2]), textcoords="offset points", xytext=(6, 6), fontsize="small")
    axes.set_xlabel("calls per decision")
    Path(folder).mkdir(parents=True, exist_ok=True)
    return _save(figure, axes, "Delay with hints", Path(folder) / "hints.png")


def _at_equal_calls(rows: Rows, path: Path) -> Path:
    found = [figures for (section, _), figures in rows.items() if section == "equal"]
    figure, axes = plt.subplots(figsize=(8, 5))
    calls = [figures[0] for figures in found]
    for place, name in enumerate(EQUAL):
        axes.plot(calls, [figures[2 + 2 * place] for figures in found], marker="o", label=name)
    axes.set_xscale("log")
    axes.set_xlabel("calls per decision")
    return _save(figure, axes, "Delay at equal calls", path)


def _under_load(rows: Rows, path: Path) -> Path:
    found: dict[str, list[tuple[float, float]]] = {}
    for (section, label), figures in rows.items():
        if section == "load":
            load, _, name = label.strip().partition("  ")
            found.setdefault(name, []).append((float(load.rstrip("%")), figures[2]))
    figure, axes = plt.subplots(figsize=(9, 5.5))
    for name in SHOWN:
        axes.plot(*zip(*found[name], strict=True), marker="o", label=name)
    axes.set_xscale("log")
    axes.set_xlabel("load, % of what a poll a second of each session takes")
    return _save(figure, axes, "Delay under load, 25 calls a second", path)


def _save(figure: Any, axes: Any, title: str, path: Path) -> Path:
    axes.set_yscale("log")
    for axis, ticks in ((axes.xaxis, CALLS_OR_LOADS), (axes.yaxis, SECONDS)):
        low, high = axis.get_view_interval()
        axis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_locator(NullLocator())
    axes.set_ylabel("95th percentile of the delay, s")
    axes.set_title(title)
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)
    return path
