"""What a command that waits writes, and where."""

import json
import sys
from collections.abc import Callable
from io import StringIO

import pytest

from tests.support import ManualClock, decision
from watcher.cli.exit_codes import WaitExit
from watcher.cli.progress_line import CLEAR_LINE
from watcher.cli.wait.display import WaitDisplay
from watcher.cli.wait.waiting import WaitResult
from watcher.domain.model import LedgerEntry

LIVE = WaitResult(WaitExit.LIVE, LedgerEntry(decision(1), 1.0))


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def display(*, as_json: bool = False) -> WaitDisplay:
    return WaitDisplay(ManualClock(), as_json=as_json)


def a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Both streams are this terminal from now on."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", terminal)
    return terminal


def test_decisions_are_the_events_or_one_table_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    display(as_json=True).result(LIVE)
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == (json.loads(decision(1).body), "")
    table = display()
    table.result(LIVE)
    table.result(LIVE)
    out, err = capsys.readouterr()
    assert (len(out.splitlines()), out.count(decision(1).key.session_id), err) == (3, 2, "")


@pytest.mark.parametrize(
    ("code", "line"),
    [(WaitExit.FAILED, "Error: session x: unknown"), (WaitExit.UNDECIDED, "session x: unknown")],
)
def test_why_there_is_none_is_on_stderr_and_only_a_failure_is_an_error(
    capsys: pytest.CaptureFixture[str], code: WaitExit, line: str
) -> None:
    display(as_json=True).result(WaitResult(code, text="session x: unknown"))
    assert capsys.readouterr() == ("", f"{line}\n")


def test_a_problem_is_said_once_until_it_is_another_one_or_has_passed(capsys: pytest.CaptureFixture[str]) -> None:
    shown = display()
    for text in ("", "busy", "busy", "gone", "", "", "gone"):
        shown.problem(text)
    told = capsys.readouterr().err.splitlines()
    assert [line.removeprefix("the ledger can't be read, trying again: ") for line in told] == [
        "busy",
        "gone",
        "gone",
    ]


def test_a_text_from_elsewhere_is_escaped_and_cut(capsys: pytest.CaptureFixture[str]) -> None:
    display().result(WaitResult(WaitExit.UNDECIDED, text="\x1b[2J\n" * 10_000))
    err = capsys.readouterr().err
    assert err.startswith("\\x1b[2J\\n")
    assert (err.count("\n"), len(err) < 20_000) == (1, True)


@pytest.mark.parametrize(
    ("total", "words"), [(1, "not decided yet; waited 0 s, on the queue"), (3, "0 of 3 decided; waited 0 s, on the")]
)
def test_a_terminal_shows_that_it_waits(monkeypatch: pytest.MonkeyPatch, total: int, words: str) -> None:
    terminal = a_terminal(monkeypatch)
    display().waiting(0, total, "on the queue")
    assert terminal.getvalue().startswith(f"{CLEAR_LINE}{words}")


def test_the_line_is_gone_before_anything_else_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    shown = display(as_json=True)
    writes: list[tuple[Callable[[], None], str]] = [
        (lambda: shown.problem("busy"), "the ledger"),
        (lambda: shown.result(WaitResult(WaitExit.FAILED, text="unknown")), "Error: unknown"),
        (lambda: shown.result(LIVE), '{"specversion'),
        (shown.clear, ""),
    ]
    for write, text in writes:
        shown.waiting(0, 1, "on the queue")
        terminal.truncate(0)
        terminal.seek(0)
        write()
        assert terminal.getvalue().startswith(CLEAR_LINE + text)


def test_a_pipe_gets_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    shown = display()
    shown.waiting(0, 3, "on the queue")
    shown.clear()
    assert capsys.readouterr() == ("", "")
