"""A violated rule, and its message."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from watcher.config.fields import Path, dotted
from watcher.config.redaction import DEFAULT, shown, source_of
from watcher.config.settings import Settings


class Violation(NamedTuple):
    """The first path is the invalid setting, the others are the other settings that the rule checked."""

    paths: tuple[Path, ...]
    value: object
    what: str
    fix: str

    def line(self, origin: Callable[[Path], str]) -> str:
        """Key, value, what is wrong, its source (for a default: the source of the others), and the fix."""
        key = dotted(self.paths[0])
        source = source_of(origin(self.paths[0]))
        others = [f"{dotted(path)} {source_of(origin(path))}" for path in self.paths[1:] if origin(path) != DEFAULT]
        if origin(self.paths[0]) == DEFAULT and others:
            source += f", {others[0]}"
        return f"{key} = {plain(shown(key, self.value))} {self.what} ({source}): {self.fix}"


def plain(number: str) -> str:
    """A number without the `.0` that the setting's type adds."""
    return number.removesuffix(".0")


Rule = Callable[[Settings], Iterator[Violation]]
