"""Decisions on standard output: the recorded events, or one table."""

import pytest

from tests.support import decision
from watcher.cli.decision_printer import printer
from watcher.domain.model import DecisionEvent, LedgerEntry


def entries(*numbers: int) -> list[LedgerEntry]:
    return [LedgerEntry(decision(number), 1.0) for number in numbers]


def test_an_event_is_printed_as_it_was_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    show = printer(as_json=True)
    show(entries(1, 2))
    show([])
    assert capsys.readouterr().out == f"{decision(1).body}\n{decision(2).body}\n"


def test_a_recorded_control_character_is_escaped_as_json_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    printer(as_json=True)([LedgerEntry(DecisionEvent(decision(1).key, '{"a": "\u202e\x7f"}'), 1.0)])
    assert capsys.readouterr().out == '{"a": "\\u202e\\u007f"}\n'


def test_decisions_that_come_later_are_rows_of_the_same_table(capsys: pytest.CaptureFixture[str]) -> None:
    show = printer(as_json=False)
    show(entries(1))
    show(entries(2, 3))
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[0] == "TIME"
    assert [decision(number).key.session_id in row for number, row in enumerate(rows, 1)] == [True, True, True]


def test_without_decisions_there_is_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    printer(as_json=False)([])
    assert capsys.readouterr().out == ""
