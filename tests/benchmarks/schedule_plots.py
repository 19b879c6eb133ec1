"""Two plots of what bench_schedule.py found. Needs matplotlib."""

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

Rows = dict[tuple[str, str], tuple[float, ...]]

EQUAL = ("fixed interval", "best-tuned backoff (full jitter)", "index, computed exactly", "optimum", "learned")


def plot(rows: Rows, folder: str) -> list[Path]:
    """Write p95.png (delay against calls per decision) and load.png (delay against load); returns their paths."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    return [_at_equal_calls(rows, place / "p95.png"), _under_load(rows, place / "load.png")]


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
    for name, points in found.items():
        if name != "oracle":  # it is at 0
            axes.plot(*zip(*points, strict=True), marker="o", label=name)
    axes.set_xscale("log")
    axes.set_xlabel("load, % of what a poll a second of each session takes")
    return _save(figure, axes, "Delay under load, 25 calls a second", path)


def _save(figure: Any, axes: Any, title: str, path: Path) -> Path:
    axes.set_yscale("log")
    axes.set_ylabel("95th percentile of the delay, s")
    axes.set_title(title)
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)
    return path
