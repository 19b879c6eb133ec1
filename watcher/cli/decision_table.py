"""Decisions as lines of a table that fits the terminal."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.cli.rendering import data_of, event_of, printable
from watcher.util.terminal import columns

if TYPE_CHECKING:
    from watcher.domain.model import LedgerEntry

GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """`width` is enough for nearly everything, and the same from line to line: --follow can't look ahead.

    `rank`: where there is no room for all, those of the lowest ranks are shown.
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
)
_MEMBERS = ("outcome", "reason", "confidence", "threshold", "polls")


class DecisionTable:
    """Pipes and files get every column, a terminal those that it has room for."""

    def __init__(self) -> None:
        self._shown = _shown(columns(sys.stdout))
        self._has_head = False

    def lines(self, entries: Sequence["LedgerEntry"]) -> Iterator[str]:
        """One line for each, below the head of the table before the first of all."""
        if entries and not self._has_head:
            self._has_head = True
            yield self._line([column.head for column in COLUMNS])
        yield from (self._line(_cells(entry)) for entry in entries)

    def _line(self, cells: Sequence[str]) -> str:
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
    values = (event_of(entry).get("time"), *entry.event.key, *(data.get(member) for member in _MEMBERS))
    return [_cell(value) for value in values]


def _cell(value: object) -> str:
    """A confidence has fifteen digits; two behind the point say all that anybody compares."""
    if isinstance(value, float):
        value = round(value, 2)
    return "-" if value is None else printable(str(value))
