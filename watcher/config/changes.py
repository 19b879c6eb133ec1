"""Which settings can change while the watcher runs."""

from collections.abc import Sequence

from watcher.config.loading import Loaded, flatten
from watcher.config.redaction import DEFAULT
from watcher.config.settings import Settings

_AT_RUN_TIME = ("decision.", "polling.", "log.level")
_AT_START_ONLY = frozenset({"polling.concurrency"})


def changes(old: Settings, new: Settings) -> tuple[list[str], list[str]]:
    """The dotted keys that differ: those that can be applied at run time, and those that need a restart."""
    before = {key: value for key, _, value in flatten(old)}
    after = {key: value for key, _, value in flatten(new)}
    changed = [key for key in (before | after) if before.get(key) != after.get(key)]
    restart = [key for key in changed if not _is_run_time(key)]
    return [key for key in changed if key not in restart], restart


def both(keys: Sequence[str], old: Settings, new: Settings) -> dict[str, dict[str, object]]:
    """What each of these settings was and is; None where there is none. Secrets are not hidden."""
    before, after = ({key: value for key, _, value in flatten(settings)} for settings in (old, new))
    return {key: {"old": before.get(key), "new": after.get(key)} for key in keys}


def in_force(started: Loaded, reloaded: Loaded) -> Loaded:
    """What a watcher works with that began with the one, and was last reloaded with the other."""
    old, new = started.settings, reloaded.settings
    sections = {
        "decision": new.decision,
        "polling": new.polling.model_copy(update={"concurrency": old.polling.concurrency}),
        "log": old.log.model_copy(update={"level": new.log.level}),
    }
    settings = old.model_copy(update=sections)
    origins = {
        key: (reloaded if _is_run_time(key) else started).origins.get(key, DEFAULT) for key, _, _ in flatten(settings)
    }
    return Loaded(settings, origins, reloaded.file)


def _is_run_time(key: str) -> bool:
    return key.startswith(_AT_RUN_TIME) and key not in _AT_START_ONLY
