"""Decisions on standard output: a table to read, or the events themselves."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from watcher.cli.decision_table import DecisionTable
from watcher.cli.echo import echo_json, echo_lines

if TYPE_CHECKING:
    from watcher.domain.model import LedgerEntry

Print = Callable[[Sequence["LedgerEntry"]], None]
"""Prints some decisions."""


def printer(*, as_json: bool) -> Print:
    """One event a line, exactly as it was recorded; or the lines of one table."""
    return _print_events if as_json else _table_printer()


def _print_events(entries: Sequence["LedgerEntry"]) -> None:
    for entry in entries:
        echo_json(entry.event.body)


def _table_printer() -> Print:
    table = DecisionTable()

    def print_rows(entries: Sequence["LedgerEntry"]) -> None:
        for line in table.lines(entries):
            echo_lines(line)

    return print_rows
