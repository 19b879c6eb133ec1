"""Which settings can change while the watcher runs."""

from watcher.config.loading import flatten
from watcher.config.settings import Settings

_AT_RUN_TIME = ("decision.", "polling.", "log.level")
_AT_START_ONLY = frozenset({"polling.concurrency"})


def changes(old: Settings, new: Settings) -> tuple[list[str], list[str]]:
    """The dotted keys that differ: those that can be applied at run time, and those that need a restart."""
    before = {key: value for key, _, value in flatten(old)}
    after = {key: value for key, _, value in flatten(new)}
    changed = [key for key in (before | after) if before.get(key) != after.get(key)]
    restart = [key for key in changed if not key.startswith(_AT_RUN_TIME) or key in _AT_START_ONLY]
    return [key for key in changed if key not in restart], restart
