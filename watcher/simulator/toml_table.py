"""Reads a TOML table key by key and collects all problems, each with key, value and fix."""

import difflib
import math
from collections.abc import Sequence
from typing import Any


class TomlTable:
    """One table of the file. Keys that are never read are unknown, which `finish` reports."""

    def __init__(self, content: dict[str, Any], path: str, problems: list[str]) -> None:
        """`path` is the table's name in messages; `problems` is shared by all tables of a file."""
        self.content = content
        self.problems = problems
        self._path = path
        self._known: list[str] = []

    def name_of(self, key: str) -> str:
        """The key as messages call it."""
        return f"{self._path}.{key}" if self._path else key

    def report(self, key: str, problem: str) -> None:
        """A problem with the value of `key`."""
        self.problems.append(f"{self.name_of(key)} = {self.content.get(key)!r}: {problem}")

    def take(self, key: str) -> Any:
        """The raw value, None if it is not there."""
        self._known.append(key)
        return self.content.get(key)

    def number(
        self, key: str, default: float, least: float = 0.0, most: float = math.inf, *, whole: bool = False
    ) -> Any:
        """A number in least..most; `default` if it is not there or wrong."""
        value = self.take(key)
        if value is None:
            return default
        right_kind = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not (right_kind and least <= value <= most):
            what = "a whole number" if whole else "a number"
            self.report(key, f"give {what} {_between(least, most)}")
            return default
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.report(key, "give true or false")
            return default
        return value

    def text(self, key: str, default: str = "", choices: Sequence[str] = ()) -> str:
        """A string, one of `choices` if there are any."""
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, str):
            self.report(key, 'give a string in "quotes"')
            return default
        if choices and value not in choices:
            self.report(key, f"use one of {', '.join(choices)}{_meant(value, choices)}")
            return default
        return value

    def items(self, key: str, kind: type, what: str) -> list[Any]:
        """A list of values of one kind; empty if it is not there or wrong."""
        value = self.take(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
            self.report(key, f"give a list of {what}")
            return []
        return value

    def tables(self, key: str) -> list["TomlTable"]:
        """The tables of an array [[key]]."""
        found = self.items(key, dict, f"tables, written [[{self.name_of(key)}]] or {{...}}")
        name = self.name_of(key)
        return [TomlTable(one, f"{name}[{number}]", self.problems) for number, one in enumerate(found, 1)]

    def table(self, key: str) -> "TomlTable":
        """The table behind `key`; an empty one if it is not there or wrong."""
        value = self.take(key)
        if value is not None and not isinstance(value, dict):
            self.report(key, "give a table, { name = value }")
        return TomlTable(value if isinstance(value, dict) else {}, self.name_of(key), self.problems)

    def finish(self) -> None:
        """Report the keys that were not read."""
        for key in self.content:
            if key not in self._known:
                known = ", ".join(self._known)
                self.report(key, f"no such key; known are {known}{_meant(key, self._known)}")


def _between(least: float, most: float) -> str:
    if most == math.inf:
        return f"of {least:g} or more" if least > -math.inf else "(any)"
    return f"from {least:.10g} to {most:.10g}"


def _meant(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""
