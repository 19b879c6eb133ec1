import sys

import pytest

from tests.support import decision
from watcher.cli.decision_table import COLUMNS, DecisionTable
from watcher.domain.model import LedgerEntry


class Terminal:
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, width: int | None) -> list[str]:
    """The table of one decision on a terminal of this width; None: in a pipe."""
    if width is not None:
        monkeypatch.setattr(sys, "stdout", Terminal())
        monkeypatch.setenv("COLUMNS", str(width))
    return list(DecisionTable().lines([LedgerEntry(decision(1), recorded_at=0.0)]))


@pytest.mark.parametrize("width", [40, 61])
def test_a_narrow_terminal_gets_two_lines_for_each(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    head, row = shown(monkeypatch, width)
    assert head.split() == ["SESSION", "ID", "TIME", "OUTCOME"]
    subject, rest = row.splitlines()
    assert subject == decision(1).key.session_id
    assert rest.split()[-1] == "live"
    assert max(map(len, (*head.splitlines(), subject, rest))) <= width


def test_a_pipe_gets_every_column(monkeypatch: pytest.MonkeyPatch) -> None:
    head, _ = shown(monkeypatch, None)
    assert [column.head for column in COLUMNS if column.head not in head] == []


@pytest.mark.parametrize("width", [66, 80, 100, 120, 137, 200])
def test_a_terminal_gets_what_fits(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    lines = shown(monkeypatch, width)
    assert max(map(len, lines)) <= width
    assert "SESSION ID" in lines[0]
    assert ("OUTCOME" in lines[0]) == (width >= 80)
    assert ("POLLS" in lines[0]) == (width >= 146)
