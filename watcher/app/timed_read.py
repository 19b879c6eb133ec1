"""Reading the settings again, within a limit."""

from collections.abc import Callable
from functools import partial

from watcher.config import Loaded
from watcher.domain.errors import ConfigError
from watcher.domain.ports import Clock
from watcher.util.threads import run_within

READ_LIMIT = 10.0
"""Seconds that reading the settings may take: a second on a slow disk, forever on a hanging network mount."""


class TimedRead:
    """Reads the settings in a thread of its own, which is abandoned if it hangs. For one thread at a time."""

    def __init__(self, read: Callable[[], Loaded], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._is_reading = False

    def __call__(self) -> Loaded:
        """The current settings.

        Raises:
            ConfigError: they are invalid, or reading them takes too long, as on a hanging file system.
        """
        if self._is_reading:
            raise ConfigError(["an earlier reload still reads the settings: their file system hangs: restart it"])
        found: list[Loaded] = []
        if not run_within(self._clock.monotonic() + READ_LIMIT, partial(self._read_into, found), self._clock):
            limit = f"{READ_LIMIT:.0f} s"
            raise ConfigError(
                [f"the settings could not be read within {limit}: check their file system, then reload"]
            )
        return found[0]

    def _read_into(self, found: list[Loaded]) -> None:
        self._is_reading = True
        try:
            found.append(self._read())
        finally:
            self._is_reading = False
