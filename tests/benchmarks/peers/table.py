"""The rows as tables: for a terminal, for Markdown, and for another program."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tests.benchmarks.peers.figures import Row, Traffic, Waiting

NONE = "-"
Cells = list[list[str]]


def figure(value: float | None, form: str) -> str:
    return NONE if value is None or math.isnan(value) else format(value, form)


def main_table(rows: Sequence[Row], waiting: Sequence[int], quota: str = "25") -> Cells:
    """What each peer can do and takes when nothing holds it back; but throttled is under a quota."""
    sizes = [f"MB at {number:,}" for number in waiting]
    head = [
        "",
        "waits",
        "decisions/s",
        "CPU ms",
        "calls",
        "delay p50 s",
        "p95 s",
        f"throttled at {quota}/s",
        *sizes,
        "threads",
    ]
    return [head, *(main_line(row, waiting, quota) for row in rows)]


def main_line(row: Row, waiting: Sequence[int], quota: str) -> list[str]:
    if row.traffic is None:
        return [row.name, row.waits, f"not measured: {row.trouble}"]
    found = row.traffic.get("0")
    held = {one.sessions: one for one in row.waiting or ()}
    most = max(held.values(), key=lambda one: one.sessions, default=None)
    return [
        row.name,
        row.waits,
        figure(row.rate, ".0f"),
        *traffic_cells(found)[:4],
        traffic_cells(row.traffic.get(quota))[4],
        *(megabytes(held.get(number)) for number in waiting),
        str(most.threads) if most else NONE,
    ]


def traffic_cells(found: Traffic | None) -> list[str]:
    if found is None:
        return [NONE] * 6
    return [
        figure(found.cpu_ms, ".1f"),
        figure(found.calls, ".1f"),
        figure(found.p50, ".2f"),
        figure(found.p95, ".2f"),
        figure(found.throttled, ".1%"),
        figure(found.missed, ".1%"),
    ]


def megabytes(found: Waiting | None) -> str:
    """Resident memory; that of the broker's server, which is beside it, after a plus."""
    if found is None:
        return NONE
    return f"{found.rss:.0f}" + (f" + {found.broker:.0f}" if found.broker else "")


def quota_table(rows: Sequence[Row], quota: str) -> Cells:
    """The same traffic under a quota."""
    head = ["", "CPU ms", "calls", "delay p50 s", "p95 s", "throttled", "missed"]
    measured = [row for row in rows if row.traffic is not None]
    return [head, *([row.name, *traffic_cells((row.traffic or {}).get(quota))] for row in measured)]


def troubles(rows: Sequence[Row]) -> list[str]:
    """Why cells are empty."""
    return [f"{row.name}: {row.trouble}" for row in rows if row.trouble and row.traffic is not None]


def aligned(cells: Cells) -> str:
    """Columns of equal width; a line that is short keeps its last cell as it is."""
    full = [line for line in cells if len(line) == len(cells[0])]
    widths = [max(len(line[column]) for line in full) for column in range(len(cells[0]))]
    lines = []
    for line in cells:
        one = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        if len(line) == len(widths):
            one = [one[0]] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        else:
            one[-1] = line[-1]
        lines.append("  ".join(one).rstrip())
    return "\n".join(lines)


def markdown(cells: Cells) -> str:
    """A table of GitHub's Markdown."""
    width = len(cells[0])
    padded = [line + [""] * (width - len(line)) for line in cells]
    rule = ["---", *(["---:"] * (width - 1))]
    return "\n".join("| " + " | ".join(line) + " |" for line in [padded[0], rule, *padded[1:]])


def to_json(rows: Sequence[Row], about: dict[str, Any]) -> str:
    """All figures; read back by `from_json`."""
    return json.dumps({"about": about, "rows": [asdict(row) for row in rows]}, indent=1) + "\n"


def from_json(text: str) -> tuple[list[Row], dict[str, Any]]:
    content = json.loads(text)
    return [row_of(one) for one in content["rows"]], content["about"]


def row_of(fields: dict[str, Any]) -> Row:
    traffic, waiting = fields.pop("traffic"), fields.pop("waiting")
    return Row(
        **fields,
        traffic=None if traffic is None else {quota: Traffic(**one) for quota, one in traffic.items()},
        waiting=None if waiting is None else [Waiting(**one) for one in waiting],
    )
