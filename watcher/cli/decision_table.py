"""Decisions as lines of a table that fits the terminal."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.cli.rendering import cell, data_of, event_of, feedback_codes
from watcher.util.terminal import columns

if TYPE_CHECKING:
    from watcher.domain.model import LedgerEntry

GAP = "  "
NARROW = 62
"""Columns of a terminal that the first two ranks need."""


@dataclass(frozen=True, slots=True)
class Column:
    """`width` is enough for nearly everything, and the same from line to line: --follow can't look ahead.

    `rank`: if not all columns fit, those with the lowest ranks are shown.
    """

    head: str
    width: int
    rank: int


COLUMNS = (
    Column("TIME", 24, 1),
    Column("SESSION ID", 36, 0),
    Column("POLICY", 10, 5),
    Column("OUTCOME", 12, 2),
    Column("REASON", 26, 3),
    Column("CONFIDENCE", 10, 4),
    Column("THRESHOLD", 9, 6),
    Column("POLLS", 5, 7),
    Column("FEEDBACK", 26, 8),
)
_MEMBERS = ("outcome", "reason", "confidence", "threshold", "polls")


class DecisionTable:
    """Pipes and files get every column, a terminal those that it has room for.

    Where two do not fit in one line, the first has a line of its own, and two more are indented below it.
    """

    def __init__(self) -> None:
        width = columns(sys.stdout)
        self._is_narrow = width is not None and width < NARROW
        self._shown = _shown(width)
        self._has_head = False

    def lines(self, entries: Sequence["LedgerEntry"]) -> Iterator[str]:
        """One line for each, below the head of the table before the first of all."""
        if entries and not self._has_head:
            self._has_head = True
            yield self._line([column.head for column in COLUMNS])
        yield from (self._line(_cells(entry)) for entry in entries)

    def _line(self, cells: Sequence[str]) -> str:
        if self._is_narrow:
            time, session, _policy, outcome, *_ = cells
            return f"{session}\n{GAP}{time.ljust(COLUMNS[0].width)}{GAP}{outcome}"
        pairs = zip(COLUMNS, cells, strict=True)
        return GAP.join(cell.ljust(column.width) for column, cell in pairs if column in self._shown).rstrip()


def _shown(width: int | None) -> frozenset[Column]:
    """The columns for a terminal of this width, two of them at least."""
    ranked = sorted(COLUMNS, key=lambda column: column.rank)
    if width is None:
        return frozenset(ranked)
    count = 2
    while count < len(ranked) and sum(len(GAP) + column.width for column in ranked[: count + 1]) - len(GAP) <= width:
        count += 1
    return frozenset(ranked[:count])


def _cells(entry: "LedgerEntry") -> list[str]:
    data = data_of(entry)
    members = (data.get(member) for member in _MEMBERS)
    values = (event_of(entry).get("time"), *entry.event.key, *members, ", ".join(feedback_codes(data)) or None)
    return [cell(value) for value in values]
