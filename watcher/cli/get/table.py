"""`--output table`: the contents of the table; `table_layout.py` draws it.

A dictionary is a section with one row, a list of dictionaries a section with a row for each; members that are lists
or dictionaries themselves become sections one level deeper, ordered by name.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from watcher.cli.get.table_layout import Section


class TableSections:
    """The sections of one table, outermost first."""

    def __init__(self) -> None:
        self.sections: list[Section] = []

    def fill(self, title: str | None, value: Any, depth: int = 0) -> bool:
        """Add `value` under `title`; False if there is nothing to show.

        Raises:
            ValueError: rows of different lengths under one title.
        """
        if not value:
            return False
        if title is not None:
            self.sections.append(Section(title, depth))
        if isinstance(value, list):
            if isinstance(value[0], dict):
                self._fill_dictionaries(title, value, depth)
            else:
                self._fill_list(value)
        if isinstance(value, dict):
            self._fill_dictionary(value, depth)
        return True

    def _fill_list(self, value: list[Any]) -> None:
        for element in value:
            if _is_scalar(element):
                self._section.add_row([element])
            elif all(_is_scalar(cell) for cell in element):
                self._section.add_row(list(element))
            else:
                self.fill(None, element)

    def _fill_dictionary(self, value: Mapping[str, Any], depth: int) -> None:
        columns, nested = _split_keys([value])
        if len(columns) == 1:
            self._section.add_row([columns[0], value[columns[0]]])
        elif columns:
            self._section.set_header(columns)
            self._section.add_row([value[column] for column in columns])
        for key in nested:
            self.fill(key, value[key], depth + 1)

    def _fill_dictionaries(self, title: str | None, value: list[Any], depth: int) -> None:
        columns, nested = _split_keys(value)
        self._section.set_header(columns)
        for number, element in enumerate(value):
            if number and nested:
                self.sections.append(Section(title, depth))
                self._section.set_header(columns)
            self._section.add_row([element.get(column, "") for column in columns])
            for key in nested:
                if key in element:
                    self.fill(key, element[key], depth + 1)

    @property
    def _section(self) -> Section:
        return self.sections[-1]


def _split_keys(values: Iterable[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """The keys of scalar members and those of nested ones, sorted; a key may be in both."""
    scalar: set[str] = set()
    nested: set[str] = set()
    for value in values:
        for key in value:
            (scalar if _is_scalar(value[key]) else nested).add(key)
    return sorted(scalar), sorted(nested)


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, dict | list)
