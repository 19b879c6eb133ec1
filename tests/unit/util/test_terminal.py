"""Colours, and where a person reads."""

import io
import sys

import pytest

from watcher.util.terminal import can_redraw, coloured, columns, is_terminal, uses_colour


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


PIPE, TERMINAL = io.StringIO(), Terminal()
XTERM = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("stream", "environ", "expected"),
    [
        (TERMINAL, XTERM, True),
        (PIPE, XTERM, False),
        (TERMINAL, {"TERM": "dumb"}, False),
        (TERMINAL, {"TERM": ""}, False),
        (TERMINAL, {}, False),
        (TERMINAL, {**XTERM, "NO_COLOR": "1"}, False),
        (TERMINAL, {**XTERM, "NO_COLOR": "0"}, False),
        (TERMINAL, {**XTERM, "NO_COLOR": ""}, True),
        (PIPE, {"FORCE_COLOR": "1"}, True),
        (PIPE, {"FORCE_COLOR": "3"}, True),
        (TERMINAL, {"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        (PIPE, {"FORCE_COLOR": ""}, False),
        (PIPE, {"FORCE_COLOR": "0"}, False),
        (PIPE, {"FORCE_COLOR": "false"}, False),
        (TERMINAL, {**XTERM, "FORCE_COLOR": "0"}, True),
        (PIPE, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_the_variables_decide_then_the_terminal(
    stream: io.StringIO, environ: dict[str, str], *, expected: bool
) -> None:
    assert uses_colour(stream, environ) is expected


def test_a_forced_colour_makes_no_terminal() -> None:
    assert not can_redraw(PIPE, {**XTERM, "FORCE_COLOR": "1"})
    assert can_redraw(TERMINAL, {**XTERM, "NO_COLOR": "1"})


def test_a_closed_stream_is_no_terminal() -> None:
    closed = io.StringIO()
    closed.close()
    assert not is_terminal(closed)


def test_only_a_terminal_has_a_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "43")
    assert columns(TERMINAL) == 43
    assert columns(PIPE) is None


def test_a_text_is_coloured_where_colours_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert coloured("ok", "green", sys.stdout) == "\x1b[32mok\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert coloured("ok", "green", sys.stdout) == "ok"
