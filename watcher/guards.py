"""The moments kept for last polls: no session is forgotten unseen because others were due first."""

from functools import lru_cache
from math import ceil, floor, inf
from operator import attrgetter

from watcher.last_poll import is_parting, last_poll_at
from watcher.timetable import Timetable
from watcher.watch import Watch

FEWEST = 64
"""Guards below which it isn't worth while to clear out those of finished sessions."""

AHEAD, AHEAD_SHARE = 20.0, 1 / 9
"""Seconds, and share of a session's time, that a last poll is brought forward at most when too many fall together."""

SHARE = 0.8
"""Share of the rate that last polls are spread over; the rest is for new calls and for faults."""

SHORTEST = 1e-6
"""Seconds of a wait: what rounding leaves must not be one that moves no clock."""

_LOOK_EVERY = 1.0

PARTS = 64
"""Of a second. A guard stands at the end of one, so that many sessions have the number of their moment in common."""


class Guards:
    """A second timetable beside the scheduler's, by the moments of last polls. The scheduler's lock guards it.

    A watch whose last poll was brought forward and answered is guarded once more, for its deadline: in a timetable of
    its own, for it needs no call to end, and must not wait for those that do.
    """

    def __init__(self) -> None:
        self._turns = Timetable(attrgetter("guarded_at"))
        self._ends = Timetable(attrgetter("guarded_at"))
        self._looked_at = -inf

    def put(self, watch: Watch, at: float, waiting: int) -> None:
        """Guard a watch among `waiting` ones: from its moment on, but not before `at`, it goes before the rest."""
        at = max(at, last_poll_at(watch))
        if 0.0 <= watch.guarded_at - at < 1 / PARTS or watch.came_late:  # too late is no moment to be kept to
            return
        if is_parting(watch):
            watch.guarded_at = _end_of_part(floor(watch.deadline * PARTS))  # so that nobody is decided after it
            self._ends.enter(watch)
            return
        watch.guarded_at = _end_of_part(ceil(at * PARTS))
        self._turns.enter(watch)
        if len(self._turns) > 2 * waiting + FEWEST:
            self._clear()

    def due(self, now: float) -> tuple[Watch | None, bool]:
        """The watch whose moment came first, if any has come, and whether it is over: its time has run out."""
        ended = _first(self._ends, now)
        if ended is not None:
            return ended, True
        watch = _first(self._turns, now)
        return watch, watch is not None and now >= watch.deadline

    def until_over(self, guarded: Watch | None, now: float) -> float:
        """Seconds until the time of one may run out: of `guarded`, which is due, or one that waits for no call."""
        ends = self._ends.first()
        soonest = min(ends.at if ends else inf, guarded.deadline if guarded else inf)
        return max(SHORTEST, soonest - now)

    def spread(self, now: float, rate: float) -> None:
        """Bring last polls forward where more of them fall together than the rate (calls a second) can take."""
        if rate <= 0 or now - self._looked_at < _LOOK_EVERY:
            return
        self._looked_at = now
        step = 1.0 / (rate * SHARE)
        coming = dict.fromkeys(watch for watch in self._turns.near(now + AHEAD) if _is_to_come(watch, now))
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


def _first(turns: Timetable, now: float) -> Watch | None:
    while (turn := turns.first(now)) is not None:
        watch, counts = turn.watch, turn.watch.guarded_at == turn.at
        if counts and watch.waits and not watch.abandoned:
            return watch
        turns.drop()
        if counts:
            watch.guarded_at = -inf
    return None


@lru_cache(maxsize=256)
def _end_of_part(number: int) -> float:
    return number / PARTS


def _is_guarded(watch: Watch) -> bool:
    return watch.waits and not watch.abandoned and watch.guarded_at > -inf


def _is_to_come(watch: Watch, now: float) -> bool:
    """Whether it waits for its last poll, which is near and was not brought forward yet."""
    is_near = watch.guarded_at - now <= min(AHEAD, watch.terms.lifetime * AHEAD_SHARE)
    return is_near and _is_guarded(watch) and watch.last_poll_by == inf
