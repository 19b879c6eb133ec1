"""One line on a terminal, overwritten each time."""

from io import StringIO

import pytest

from tests.support import ManualClock
from watcher.cli import progress_line
from watcher.cli.progress_line import CLEAR_LINE, ProgressLine


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_it_says_for_how_long_and_is_cleared_once() -> None:
    clock, terminal = ManualClock(), Terminal()
    line = ProgressLine(terminal, clock)
    line.clear()
    assert terminal.getvalue() == ""
    clock.advance(12.4)
    line.show("in progress", "3 polls")
    line.clear()
    line.clear()
    assert terminal.getvalue() == f"{CLEAR_LINE}in progress; waited 12 s, 3 polls{CLEAR_LINE}"


def test_what_a_sender_wrote_moves_no_cursor() -> None:
    terminal = Terminal()
    ProgressLine(terminal, ManualClock()).show("\x1b[2J", "\r")
    assert terminal.getvalue().count("\x1b") == CLEAR_LINE.count("\x1b")


def test_a_line_is_no_longer_than_the_terminal_is_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_line, "columns", lambda _: 20)
    terminal = Terminal()
    ProgressLine(terminal, ManualClock()).show("in progress", "a" * 50)
    assert len(terminal.getvalue().removeprefix(CLEAR_LINE)) == 19


def test_elsewhere_nothing_is_shown() -> None:
    stream = StringIO()
    line = ProgressLine(stream, ManualClock())
    line.show("in progress", "3 polls")
    line.clear()
    assert stream.getvalue() == ""
