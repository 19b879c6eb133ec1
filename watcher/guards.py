"""The moments kept for last polls: no session is forgotten unseen because others were due first."""

from functools import lru_cache
from math import ceil, inf
from operator import attrgetter

from watcher.policy import last_poll_at
from watcher.timetable import Timetable
from watcher.watch import Watch

FEWEST = 64
"""Guards below which it isn't worth while to clear out those of finished sessions."""

AHEAD = 20.0
"""Seconds before its moment that a last poll is brought forward at most, when too many fall together."""

SHARE = 0.8
"""Share of the rate that last polls are spread over; the rest is for new calls and for faults."""

_LOOK_EVERY = 1.0

PARTS = 64
"""Of a second. A guard stands at the end of one, so that many sessions have the number of their moment in common."""


class Guards:
    """A second timetable beside the scheduler's, by the moments of last polls. The scheduler's lock guards it."""

    def __init__(self) -> None:
        self._turns = Timetable(attrgetter("guarded_at"))
        self._looked_at = -inf

    def put(self, watch: Watch, at: float, waiting: int) -> None:
        """Guard a watch among `waiting` ones: from `at` on it goes before the rest."""
        if 0.0 <= watch.guarded_at - at < 1 / PARTS:
            return
        watch.guarded_at = _end_of_part(ceil(at * PARTS))
        self._turns.enter(watch)
        if len(self._turns) > 2 * waiting + FEWEST:
            self._clear()

    def due(self, now: float) -> Watch | None:
        """The watch whose moment came first, if any has come."""
        while (turn := self._turns.first(now)) is not None:
            watch, counts = turn.watch, turn.watch.guarded_at == turn.at
            if counts and watch.waits and not watch.abandoned:
                return watch
            self._turns.drop()
            if counts:
                watch.guarded_at = -inf
        return None

    def spread(self, now: float, rate: float) -> None:
        """Bring last polls forward where more of them fall together than the rate (calls a second) can take."""
        if rate <= 0 or now - self._looked_at < _LOOK_EVERY:
            return
        self._looked_at = now
        step = 1.0 / (rate * SHARE)
        until = now + AHEAD
        coming = dict.fromkeys(watch for watch in self._turns.near(until) if _is_to_come(watch, until))
        near = sorted(coming, key=last_poll_at)
        late = [place for place, watch in enumerate(near) if now + place * step > last_poll_at(watch)]
        crowd = max(late, default=-1)
        for place, watch in enumerate(near[: crowd + 1]):
            watch.last_poll_by = min(last_poll_at(watch), now + place * step)
            self.put(watch, watch.last_poll_by, len(self._turns))

    def _clear(self) -> None:
        """Drop those that don't wait: they would keep finished sessions in memory to their deadlines."""
        for watch in self._turns.keep(_is_guarded):
            watch.guarded_at = -inf


@lru_cache(maxsize=256)
def _end_of_part(number: int) -> float:
    return number / PARTS


def _is_guarded(watch: Watch) -> bool:
    return watch.waits and not watch.abandoned and watch.guarded_at > -inf


def _is_to_come(watch: Watch, until: float) -> bool:
    """Whether it waits for its last poll, at `until` or before, and was not brought forward yet."""
    return _is_guarded(watch) and watch.guarded_at <= until and watch.last_poll_by == inf
