"""The order of entries in DynamoDB, which has no counter: numbers derived from the time."""

from random import randrange
from threading import Lock

from watcher.domain.ports import Clock

_TICKS = 1_000_000
_SPREAD = 1000


class Numbering:
    """Numbers that rise with the clock's microseconds, or by one if it stands still or is set back.

    The last three digits are random, so that two watchers don't use the same. Thread-safe.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._last = 0

    def next(self) -> int:
        """A number above all previous ones."""
        now = int(self._clock.time() * _TICKS)
        with self._lock:
            self._last = max(self._last + 1, now)
            return self._last * _SPREAD + randrange(_SPREAD)

    def at(self, ago: float) -> int:
        """The smallest number of an entry from `ago` seconds ago."""
        return int((self._clock.time() - ago) * _TICKS) * _SPREAD
