"""Settings in layers: later ones override earlier ones, and each value's source is kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from watcher.config.error_messages import unknown
from watcher.config.fields import Path, coerce, dotted, is_plain, type_at
from watcher.config.redaction import DEFAULT, shown
from watcher.domain.errors import ConfigError
from watcher.util.urls import HIDDEN

ENVIRONMENT = "env "
"""How the origin of a value begins that a variable gives; its name follows."""

MOST_VALUES = 5000
"""Maximum values in one file: a thousand policies. Checking many more, one by one, would take minutes."""


class Problem(NamedTuple):
    """One line for the user, and the settings that it concerns."""

    paths: tuple[Path, ...]
    line: str


@dataclass
class Layers:
    """The values given so far as a tree, the origin of each, and the problems."""

    data: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    overridden: dict[Path, str] = field(default_factory=dict)
    """The settings that a variable changes, with the file that says otherwise."""
    _origins: dict[Path, str] = field(default_factory=dict)

    def put_tree(self, tree: Mapping[str, Any], origin: str) -> None:
        """Add a whole file on top of the current values.

        Raises:
            ConfigError: it has too many values to be a settings file.
        """
        leaves = list(islice(_leaves(tree), MOST_VALUES + 1))
        if len(leaves) > MOST_VALUES:
            raise ConfigError([f"{origin} has more than {MOST_VALUES} values: name a settings file"])
        for path, value in leaves:
            self.put(path, value, origin)

    def put_text(self, path: tuple[str, ...], text: str, origin: str) -> None:
        """Add one value on top of the current ones, converted to its setting's type."""
        kind = type_at(path)
        if kind is None:
            self.problems.append(Problem((path,), unknown(path, text, origin)))
            return
        try:
            value = coerce(text, kind)
        except ValueError as error:
            what, _, fix = str(error).rpartition(": ")
            key = dotted(path)
            seen = shown(key, text) if is_plain(kind) else HIDDEN  # unparsed, so it can't be searched for secrets
            self.problems.append(Problem((path,), f"{key} = {seen} {what} (from {origin}): {fix}"))
        else:
            self.put(path, value, origin)

    def put(self, path: tuple[str, ...], value: object, origin: str) -> None:
        """Add one value on top of the current ones."""
        if unusable := _unusable_in({"".join(path): value}):
            self.problems.append(Problem((path,), f"{dotted(path)} contains {unusable} (from {origin}): remove it"))
            return
        section = self.data
        for part in path[:-1]:
            section = section.setdefault(part, {})
            if not isinstance(section, dict):
                return  # the file has a plain value where a section belongs, which is told as a fault of its own
        before = self._origins.get(path, ENVIRONMENT)
        if origin.startswith(ENVIRONMENT) and not before.startswith(ENVIRONMENT) and section[path[-1]] != value:
            self.overridden[path] = before
        if isinstance(section.get(path[-1]), dict):  # else nothing is below it, and a search with every value is slow
            for known in [known for known in self._origins if known[: len(path)] == path]:
                del self._origins[known]
        section[path[-1]] = value
        self._origins.pop(path, None)  # so that the latest is last
        self._origins[path] = origin

    def drop(self, path: tuple[str, ...]) -> None:
        """Restore the default."""
        section = self.data
        for part in path[:-1]:
            section = section.get(part, {})
        section.pop(path[-1], None)
        self._origins.pop(path, None)

    def origin(self, path: Path) -> str:
        """The source of a value, or of the nearest table around it; `default` if it was not given."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._origins:
                return self._origins[path[:length]]
        inner = (origin for known, origin in self._origins.items() if known[: len(path)] == path)
        return next(inner, DEFAULT)


def _unusable_in(value: object) -> str:
    """What a text in it contains that no file, host or name can contain; empty if nothing.

    The characters that stand for the bytes of a file's name, which may be in any encoding, are usable in values.
    """
    if isinstance(value, dict):
        names = (_unusable(name, "strict") for name in value)
        return next(filter(None, (*names, *map(_unusable_in, value.values()))), "")
    if isinstance(value, list):
        return next(filter(None, map(_unusable_in, value)), "")
    return _unusable(value, "surrogateescape") if isinstance(value, str) else ""


def _unusable(text: str, errors: str) -> str:
    try:
        return "a NUL" if b"\0" in text.encode(errors=errors) else ""
    except UnicodeEncodeError:
        return "a character that is not valid Unicode"


def _leaves(tree: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """The values of a tree with their paths; an empty table counts as a value, a list as one."""
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value
