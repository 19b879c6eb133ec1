"""Draws a table's sections as lines of characters, with the AWS CLI's dimensions.

All sections get the width of the widest; each level adds one bar on either side. In a table that is wider than the
terminal, sections with one row are rotated: header and value side by side. East Asian wide characters count two.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any, Protocol

from watcher.cli.get.terminal import BRIGHT_BLUE, DIM_YELLOW, RESET

CELL_PADDING = 4
INDENT = 2
BORDERS = 2


class Writer(Protocol):
    """Anything that accepts text."""

    def write(self, text: str, /) -> int:
        """Write the text."""


class Section:
    """A title, perhaps a header, and rows of equal length; `depth` is its level."""

    def __init__(self, title: str | None, depth: int = 0) -> None:
        self.title = title
        self.depth = depth
        self.header: list[str] = []
        self.rows: list[list[str]] = []
        self._columns: int | None = None
        self._widest: list[int] = []

    def set_header(self, names: Sequence[str]) -> None:
        """Set the columns' names."""
        self._measure(names)
        if self._columns is None:
            self._columns = len(names)
        self.header = list(names)

    def add_row(self, values: Sequence[Any]) -> None:
        """Append a row.

        Raises:
            ValueError: it has more or fewer cells than the section has columns.
        """
        if self._columns is None:
            self._columns = len(values)
        if len(values) != self._columns:
            raise ValueError(f"Row should have {self._columns} elements, instead it has {len(values)}")
        row = [str(value) for value in values]
        self.rows.append(row)
        self._measure(row)

    def upright(self) -> "Section":
        """The section with its only row rotated; unchanged without a header or with another number of rows."""
        if len(self.rows) != 1 or not self.header:
            return self
        turned = Section(self.title, self.depth)
        for name, value in zip(self.header, self.rows[0], strict=False):
            turned.add_row([name, value])
        return turned

    def natural_width(self) -> int:
        """The width in which nothing is squeezed, including the bars of outer levels."""
        outside = INDENT * self.depth
        cells = sum(width + CELL_PADDING for width in self._widest)
        return max(display_width(self.title) + BORDERS + outside, cells + BORDERS + outside)

    def column_widths(self, total: int) -> list[int]:
        """Widths that add up to `total`, in proportion to the columns' contents."""
        natural = [width + CELL_PADDING for width in self._widest]
        if not natural:
            return []
        scale = total / float(sum(natural))
        widths = [round(scale * width) for width in natural]
        # Rounding differences are corrected one column at a time: removed from the left, added from the right.
        excess = sum(widths) - total
        step = -1 if excess > 0 else 1
        order = range(len(widths)) if excess > 0 else range(len(widths) - 1, -1, -1)
        for turn in range(abs(excess)):
            widths[order[turn % len(order)]] += step
        return widths

    def _measure(self, cells: Sequence[str]) -> None:
        widths = [display_width(cell) for cell in cells]
        if not self._widest:
            self._widest = widths
            return
        for number, width in enumerate(widths):
            self._widest[number] = max(width, self._widest[number])


def display_width(value: object) -> int:
    """How many terminal columns the value's text takes, with ambiguous characters counted as wide."""
    text = str(value)
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)


class Drawing:
    """Writes sections to a stream, coloured or plain, for a terminal of `width` columns."""

    def __init__(self, stream: Writer, width: int, *, coloured: bool) -> None:
        self._stream = stream
        self._width = width
        self._bar = f"{DIM_YELLOW}|{RESET}" if coloured else "|"
        self._coloured = coloured

    def draw(self, sections: Sequence[Section]) -> None:
        """Write them all, below one line of dashes."""
        width = max(section.natural_width() for section in sections)
        if width > self._width:
            sections = [section.upright() for section in sections]
            width = max(section.natural_width() for section in sections)
        self._stream.write("-" * width + "\n")
        for section in sections:
            self._section(section, width - INDENT * section.depth)

    def _section(self, section: Section, width: int) -> None:
        if section.title:
            self._line(section.depth, centred(section.title, width, left="|"))
            if not section.header and not section.rows:
                self._line(section.depth, f"+{'-' * (width - BORDERS)}+")
        widths = section.column_widths(width)
        if section.header:
            cells = [
                centred(name, column, left="" if number else "|")
                for number, (column, name) in enumerate(zip(widths, section.header, strict=False))
            ]
            self._line(section.depth, _rule(widths))
            self._line(section.depth, "".join(cells))
        if section.rows and widths:
            self._line(section.depth, _rule(widths))
            for row in section.rows:
                self._line(section.depth, self._row(row, widths))
            self._line(section.depth, _rule(widths))

    def _row(self, row: Sequence[str], widths: Sequence[int]) -> str:
        cells = []
        for number, (width, value) in enumerate(zip(widths, row, strict=False)):
            shown = f"{BRIGHT_BLUE}{value}{RESET}" if self._coloured else value
            cells.append(_left(shown, width, "" if number else "|", display_width(value)))
        return "".join(cells)

    def _line(self, depth: int, text: str) -> None:
        # Four writes, some of them empty, because the number of colour resets depends on it; see `ResettingStream`.
        self._stream.write(self._bar * depth)
        self._stream.write(text)
        self._stream.write(self._bar * depth)
        self._stream.write("\n")


def centred(text: str, width: int, *, left: str) -> str:
    """The text centred in `width` columns, between `left` and a bar."""
    taken = display_width(text)
    before = width // 2 - taken // 2 - 1
    after = width - 1 - (len(left) + before + taken)
    return f"{left}{' ' * before}{text}{' ' * after}|"


def _left(shown: str, width: int, left: str, taken: int) -> str:
    """A cell of `width` columns, two of them before the text if there is room; `taken` is the text's own width."""
    padding = CELL_PADDING // 2
    if width < taken + padding + len(left) + 1:
        padding = 0
    return f"{left}{' ' * padding}{shown}{' ' * (width - len(left) - padding - taken - 1)}|"


def _rule(widths: Sequence[int]) -> str:
    """A line between rows, with a plus at each column's edge."""
    if not widths:
        return ""
    return f"+{'-' * (widths[0] - BORDERS)}+" + "".join(f"{'-' * (width - 1)}+" for width in widths[1:])
