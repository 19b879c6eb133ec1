"""What a reload, or a restart, would change now."""

from collections.abc import Callable
from threading import Lock
from typing import Any

from watcher.app.timed_read import TimedRead
from watcher.config import Loaded, both, changes
from watcher.config.redaction import redacted_value
from watcher.domain.errors import ConfigError
from watcher.domain.ports import Clock


class ReloadPreview:
    """Reads the settings, and compares them with those in force. Thread-safe: one reads at a time."""

    def __init__(self, read: Callable[[], Loaded], in_force: Callable[[], Loaded], clock: Clock) -> None:
        self._read = TimedRead(read, clock)
        self._in_force = in_force
        self._lock = Lock()

    def __call__(self) -> dict[str, Any]:
        """`applies` and `needsRestart`: by key, the old and the new value; `problems`: why a reload would fail."""
        old = self._in_force().settings
        try:
            with self._lock:
                new = self._read().settings
        except ConfigError as error:
            return {"applies": {}, "needsRestart": {}, "problems": error.problems}
        applies, needs_restart = (_shown(both(keys, old, new)) for keys in changes(old, new))
        return {"applies": applies, "needsRestart": needs_restart, "problems": []}


def _shown(values: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    return {key: {age: redacted_value(key, value) for age, value in ages.items()} for key, ages in values.items()}
