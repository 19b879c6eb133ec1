"""A broken rule, and how it is told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from watcher.config.fields import Path, dotted
from watcher.config.settings import Settings
from watcher.config.values import shown


@dataclass(frozen=True)
class Broken:
    """The first path is the setting that is to blame, the others are those that the rule looked at as well."""

    paths: tuple[Path, ...]
    value: object
    what: str
    fix: str

    def line(self, origin: str) -> str:
        """Key, value, what is wrong, where it came from, and the fix."""
        key = dotted(self.paths[0])
        return f"{key} = {shown(key, self.value)} {self.what} (from {origin}): {self.fix}"


Rule = Callable[[Settings], Iterator[Broken]]
