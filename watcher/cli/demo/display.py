"""Progress on stderr: a live panel in a terminal, separate lines anywhere else."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from watcher.cli.demo.constants import DEMO
from watcher.cli.demo.snapshot import Snapshot
from watcher.domain.model import Outcome
from watcher.util.terminal import can_redraw, uses_colour

_STYLES = {Outcome.LIVE: "green", Outcome.NOT_LIVE: "red", Outcome.INCONCLUSIVE: "yellow"}


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


class LivePanel:
    """A panel that is redrawn in place."""

    def __init__(self, live: Live, endpoint: str, metrics: str) -> None:
        self._live = live
        self._endpoint = endpoint
        self._metrics = metrics

    def show(self, snapshot: Snapshot) -> None:
        """Draw it."""
        self._live.update(self._panel(snapshot), refresh=True)

    def _panel(self, snapshot: Snapshot) -> Panel:
        places = Table.grid(padding=(0, 2))
        places.add_row("endpoint", Text(self._endpoint, style="cyan"))
        places.add_row("metrics", Text(self._metrics, style="cyan"))
        bars = Table.grid(padding=(0, 2))
        for name, number in (("begun", snapshot.begun), ("decided", snapshot.decided)):
            bar = ProgressBar(total=snapshot.planned, completed=number, width=DEMO.bar_width, complete_style="cyan")
            bars.add_row(f"{name:<8}", bar, f"{number}/{snapshot.planned}")
        title = f"watcher demo  {snapshot.elapsed:.0f} s"
        return Panel(
            Group(places, bars, _outcomes(snapshot), _calls(snapshot)),
            title=title,
            width=min(DEMO.width, self._live.console.width),
        )


def _outcomes(snapshot: Snapshot) -> Text:
    parts: list[tuple[str, str]] = []
    for outcome, style in _STYLES.items():
        parts += [(f"{outcome} ", style), (f"{snapshot.scrape.outcomes[outcome]}   ", "bold")]
    return Text.assemble(*parts)


def _calls(snapshot: Snapshot) -> Text:
    numbers = snapshot.scrape
    return Text(
        f"in flight {numbers.in_flight}   polls {snapshot.polls}   throttled {numbers.polls['throttled']}   "
        f"dead letters {numbers.dead}"
    )


def console_for(stream: TextIO) -> Console:
    """Rich's console, with colours where every other command has them, and no style elsewhere."""
    is_coloured = uses_colour(stream, os.environ)
    return Console(file=stream, color_system="standard" if is_coloured else None, force_terminal=is_coloured or None)


@contextmanager
def open_display(endpoint: str, metrics: str) -> Iterator[Display]:
    """The display for stderr."""
    if not can_redraw(sys.stderr, os.environ):
        yield PlainLines(sys.stderr, endpoint, metrics)
        return
    with Live(console=console_for(sys.stderr), auto_refresh=False, transient=True) as live:
        yield LivePanel(live, endpoint, metrics)
