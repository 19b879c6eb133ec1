"""Progress on stderr: lines that are redrawn in place in a terminal, separate ones anywhere else."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from watcher.cli.demo.constants import DEMO
from watcher.cli.demo.snapshot import Snapshot
from watcher.domain.model import Outcome
from watcher.util.terminal import can_redraw, coloured, columns

_COLOURS = {Outcome.LIVE: "green", Outcome.NOT_LIVE: "red", Outcome.INCONCLUSIVE: "yellow"}

Line = list[tuple[str, str]]
"""Parts of a line, each with its colour; none: plain."""


class Display(Protocol):
    """Shows snapshots."""

    def show(self, snapshot: Snapshot) -> None:
        """The newest one."""


class PlainLines:
    """One line every two seconds, and one at the end."""

    def __init__(self, stream: TextIO, endpoint: str, metrics: str) -> None:
        self._stream = stream
        self._next = 0.0
        self._say(f"local Rekognition endpoint: {endpoint}")
        self._say(f"metrics of the daemon: {metrics}")

    def show(self, snapshot: Snapshot) -> None:
        """Print it, if it is time."""
        if snapshot.is_last or snapshot.elapsed >= self._next:
            self._next = snapshot.elapsed + DEMO.line_interval
            self._say(plain_line(snapshot))

    def _say(self, text: str) -> None:
        self._stream.write(f"demo: {text}\n")
        self._stream.flush()


def plain_line(snapshot: Snapshot) -> str:
    """A whole snapshot on one line."""
    numbers, planned = snapshot.scrape, snapshot.planned
    outcomes = ", ".join(f"{outcome} {numbers.outcomes[outcome]}" for outcome in Outcome)
    return (
        f"{snapshot.elapsed:.1f} s: started {snapshot.begun}/{planned}, decided {snapshot.decided}/{planned} "
        f"({outcomes}), in flight {numbers.in_flight}, polls {snapshot.polls}, "
        f"throttled {numbers.polls['throttled']}, dead letters {numbers.dead}"
    )


class LiveLines:
    """Lines that are redrawn in place."""

    def __init__(self, stream: TextIO, endpoint: str, metrics: str) -> None:
        self._stream = stream
        self._places: list[Line] = [[("endpoint  ", ""), (endpoint, "cyan")], [("metrics   ", ""), (metrics, "cyan")]]
        self._drawn = 0

    def show(self, snapshot: Snapshot) -> None:
        """Draw it over the last one."""
        title: Line = [(f"watcher demo  {snapshot.elapsed:.0f} s", "bold")]
        bars = [_bar("begun", snapshot.begun, snapshot), _bar("decided", snapshot.decided, snapshot)]
        self._draw([title, *self._places, *bars, _outcomes(snapshot), _calls(snapshot)])

    def clear(self) -> None:
        """Clear the lines for what comes next."""
        self._draw([])

    def _draw(self, lines: list[Line]) -> None:
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        self._drawn = len(lines)
        self._stream.write(f"{up}\r\x1b[J" + "".join(f"{self._fitted(line)}\n" for line in lines))
        self._stream.flush()

    def _fitted(self, line: Line) -> str:
        """The part for which the terminal has room: a line that wraps can't be redrawn."""
        room, shown = (columns(self._stream) or sys.maxsize) - 1, ""
        for text, colour in line:
            part = text[:room]
            room -= len(part)
            shown += coloured(part, colour, self._stream) if colour else part
        return shown


def _bar(name: str, number: int, snapshot: Snapshot) -> Line:
    filled = DEMO.bar_width * number // snapshot.planned
    rest = "." * (DEMO.bar_width - filled)
    return [(f"{name:<10}", ""), ("#" * filled, "cyan"), (f"{rest}  {number}/{snapshot.planned}", "")]


def _outcomes(snapshot: Snapshot) -> Line:
    parts: Line = []
    for outcome, colour in _COLOURS.items():
        parts += [(f"{outcome} ", colour), (f"{snapshot.scrape.outcomes[outcome]}   ", "bold")]
    return parts


def _calls(snapshot: Snapshot) -> Line:
    numbers = snapshot.scrape
    text = f"in flight {numbers.in_flight}   polls {snapshot.polls}   throttled {numbers.polls['throttled']}   "
    return [(f"{text}dead letters {numbers.dead}", "")]


@contextmanager
def open_display(endpoint: str, metrics: str) -> Iterator[Display]:
    """The display for stderr."""
    if not can_redraw(sys.stderr, os.environ):
        yield PlainLines(sys.stderr, endpoint, metrics)
        return
    lines = LiveLines(sys.stderr, endpoint, metrics)
    try:
        yield lines
    finally:
        lines.clear()
