"""The moments kept for last polls: no session is forgotten unseen because others were due first."""

from collections.abc import Callable
from functools import lru_cache
from itertools import chain
from math import ceil, floor, inf
from operator import attrgetter

from watcher.polling.final_poll import is_parting, last_poll_at
from watcher.polling.timer_queue import TimerQueue
from watcher.sessions.creation_claim import over_at
from watcher.sessions.session import Watch

FEWEST = 64
"""Guards below which it isn't worth while to clear out those of finished sessions."""

AHEAD, AHEAD_SHARE = 20.0, 1 / 9
"""Seconds, and share of a session's time, that a last poll is brought forward at most when too many fall together."""

SHARE = 0.8
"""Share of the rate that last polls are spread over; the rest is for new calls and for faults."""

SHORTEST = 1e-6
"""Seconds of a wait: what rounding leaves must not be one that moves no clock."""

LOOK_EVERY = 1.0
"""Seconds between two looks for a crowd of last polls that are near."""

PARTS = 64
"""Of a second. A guard stands at the end of one, so that many sessions have the number of their moment in common."""


class DeadlineQueue:
    """A second timetable beside the scheduler's, by the moments of last polls. The scheduler's lock guards it.

    A watch whose moment has come is in line to be polled, the earliest moment first, and for its end, the earliest
    deadline first: that needs no call, and must not wait for those that do. A watch whose last poll was brought
    forward and answered only waits for its end.
    """

    def __init__(self, is_mine: Callable[[Watch], bool]) -> None:
        """`is_mine`: whether a watch is guarded here; it may have moved to another queue's guards."""
        self._is_mine = is_mine
        self._turns = TimerQueue(attrgetter("guarded_at"))
        self._called = TimerQueue(attrgetter("guarded_at"))
        self._ends = TimerQueue(_end)
        self.quiet_until = inf
        """Before that moment (monotonic) nothing is due here."""

    def put(self, watch: Watch, at: float, waiting: int) -> None:
        """Guard a watch among `waiting` ones: from its moment on, but not before `at`, it goes before the rest."""
        at = max(at, last_poll_at(watch))
        if 0.0 <= watch.guarded_at - at < 1 / PARTS or watch.came_late:  # too late is no moment to be kept to
            return
        if is_parting(watch):
            watch.guarded_at = -inf
            self._ends.enter(watch)
            self.quiet_until = min(self.quiet_until, _end(watch))
            return
        watch.guarded_at = _end_of_part(ceil(at * PARTS))
        self._turns.enter(watch)
        self.quiet_until = min(self.quiet_until, watch.guarded_at)
        if len(self._turns) > 2 * waiting + FEWEST:
            self._clear()

    def due(self, now: float) -> tuple[Watch | None, bool]:
        """A watch whose time has run out, if there is any, or the one whose moment came first; and which it is."""
        if now < self.quiet_until:
            return None, False
        self._call(now)
        ended = self._first(self._ends, now)
        if ended is not None:
            return ended, True
        watch = self._first(self._called, now)
        if watch is None:
            self.quiet_until = min(_next(self._turns), _next(self._ends))
            return None, False
        return watch, now >= over_at(watch)

    def _call(self, now: float) -> None:
        """Put those in line whose moment has come."""
        while (watch := self._first(self._turns, now)) is not None:
            self._turns.drop()
            self._called.enter(watch)
            self._ends.enter(watch)

    def until_called(self, now: float) -> float:
        """Seconds until the next moment may come."""
        return max(SHORTEST, _next(self._turns) - now)

    def until_over(self, now: float) -> float:
        """Seconds until the time of one may run out that is in line."""
        return max(SHORTEST, _next(self._ends) - now)

    def spread(self, now: float, rate: float) -> None:
        """Bring last polls forward where more of them fall together than the rate (calls a second) can take."""
        step = 1.0 / (rate * SHARE)
        guarded = chain(self._called.near(now), self._turns.near(now + AHEAD))
        coming = dict.fromkeys(watch for watch in guarded if _is_to_come(watch, now) and self._is_mine(watch))
        near = sorted(coming, key=last_poll_at)
        late = [place for place, watch in enumerate(near) if now + place * step > last_poll_at(watch)]
        crowd = max(late, default=-1)
        for place, watch in enumerate(near[: crowd + 1]):
            watch.last_poll_by = min(last_poll_at(watch), now + place * step)
            self.put(watch, watch.last_poll_by, len(self._turns))

    def _clear(self) -> None:
        """Drop those that don't wait: they would keep finished sessions in memory to their deadlines."""
        for watch in self._turns.keep(lambda watch: _is_guarded(watch) and self._is_mine(watch)):
            if self._is_mine(watch):
                watch.guarded_at = -inf

    def _first(self, turns: TimerQueue, now: float) -> Watch | None:
        """The first in a timetable whose moment has come; those before it that count no longer are dropped."""
        while (turn := turns.first(now)) is not None:
            watch, is_mine = turn.watch, self._is_mine(turn.watch)
            if is_mine and turns.counts(turn) and watch.waits and not watch.abandoned:
                return watch
            turns.drop()
            if is_mine and watch.guarded_at == turn.at:
                watch.guarded_at = -inf
        return None


def _next(turns: TimerQueue) -> float:
    """When the first of a timetable comes, counting or not; inf if there is none."""
    turn = turns.first()
    return turn.at if turn else inf


def _end(watch: Watch) -> float:
    """When the time of a watch runs out: just before, so that nobody is decided after it."""
    return _end_of_part(floor(over_at(watch) * PARTS))


@lru_cache(maxsize=256)
def _end_of_part(number: int) -> float:
    return number / PARTS


def _is_guarded(watch: Watch) -> bool:
    return watch.waits and not watch.abandoned and watch.guarded_at > -inf


def _is_to_come(watch: Watch, now: float) -> bool:
    """Whether it waits for its last poll, which is near and was not brought forward yet."""
    is_near = watch.guarded_at - now <= min(AHEAD, watch.terms.lifetime * AHEAD_SHARE)
    return is_near and _is_guarded(watch) and watch.last_poll_by == inf
