"""The order of entries in DynamoDB, which counts nothing by itself: numbers made of the time."""

from random import randrange
from threading import Lock

from watcher.domain.ports import Clock

_TICKS = 1_000_000
_SPREAD = 1000


class Numbering:
    """Numbers that rise with the clock's microseconds, one by one where it stands still or is set back.

    The last three digits are random, so that two watchers don't give the same. Safe to use from several threads.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._last = 0

    def next(self) -> int:
        """A number above all that were given before."""
        now = int(self._clock.time() * _TICKS)
        with self._lock:
            self._last = max(self._last + 1, now)
            return self._last * _SPREAD + randrange(_SPREAD)

    def at(self, ago: float) -> int:
        """The least number of an entry from `ago` seconds ago."""
        return int((self._clock.time() - ago) * _TICKS) * _SPREAD
