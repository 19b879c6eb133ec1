"""The moments kept for last polls: no session is forgotten unseen because others were due first."""

from collections.abc import Callable
from functools import lru_cache
from itertools import chain
from math import ceil, floor, inf
from operator import attrgetter

from watcher.polling.final_poll import final_poll_at, is_done
from watcher.polling.timer_queue import TimerQueue
from watcher.sessions.creation_claim import over_at
from watcher.sessions.session import FinalPoll, Session

FEWEST = 64
"""Timers below which it isn't worth while to clear out those of finished sessions."""

AHEAD, AHEAD_SHARE = 20.0, 1 / 9
"""Seconds, and share of a session's time, that a last poll is brought forward at most when too many fall together."""

SHARE = 0.8
"""Share of the rate that last polls are spread over; the rest is for new calls and for faults."""

SHORTEST = 1e-6
"""Seconds of a wait: what rounding leaves must not be one that moves no clock."""

SPREAD_EVERY = 1.0
"""Seconds between two checks for a crowd of final polls that are near."""

PARTS = 64
"""Of a second. A timer stands at the end of one, so that many sessions have the number of their moment in common."""


class DeadlineQueue:
    """A second timer queue beside the due queue's, by the moments of final polls. The scheduler's lock guards it.

    A session whose moment has come is in line to be polled, the earliest moment first, and for its end, the earliest
    deadline first: that needs no call, and must not wait for those that do. A session whose last poll was brought
    forward and answered only waits for its end.
    """

    def __init__(self, is_mine: Callable[[Session], bool]) -> None:
        """`is_mine`: whether a session belongs here; it may have moved to another queue."""
        self._is_mine = is_mine
        self._timers = TimerQueue(attrgetter("final_due_at"))
        self._reached = TimerQueue(attrgetter("final_due_at"))
        self._ends = TimerQueue(_end)
        self.quiet_until = inf
        """Before that moment (monotonic) nothing is due here."""

    def put(self, session: Session, at: float, waiting: int) -> None:
        """Guard a session among `waiting` ones: from its moment on, but not before `at`, it goes before the rest."""
        at = max(at, final_poll_at(session))
        if (
            0.0 <= session.final_due_at - at < 1 / PARTS or session.expired_on_receipt
        ):  # too late is no moment to be kept to
            return
        if is_done(session):
            session.final_due_at = -inf
            self._ends.add(session)
            self.quiet_until = min(self.quiet_until, _end(session))
            return
        session.final_due_at = _end_of_part(ceil(at * PARTS))
        self._timers.add(session)
        self.quiet_until = min(self.quiet_until, session.final_due_at)
        if len(self._timers) > 2 * waiting + FEWEST:
            self._clear()

    def due(self, now: float) -> tuple[Session | None, bool]:
        """A session whose time has run out, if there is any, or the one whose moment came first; and which it is."""
        if now < self.quiet_until:
            return None, False
        self._call(now)
        ended = self._first(self._ends, now)
        if ended is not None:
            return ended, True
        session = self._first(self._reached, now)
        if session is None:
            self.quiet_until = min(_next(self._timers), _next(self._ends))
            return None, False
        return session, now >= over_at(session)

    def _call(self, now: float) -> None:
        """Put those in line whose moment has come."""
        while (session := self._first(self._timers, now)) is not None:
            self._timers.drop()
            self._reached.add(session)
            self._ends.add(session)

    def seconds_until_next(self, now: float) -> float:
        """Seconds until the next moment may come."""
        return max(SHORTEST, _next(self._timers) - now)

    def seconds_until_end(self, now: float) -> float:
        """Seconds until the time of one may run out that is in line."""
        return max(SHORTEST, _next(self._ends) - now)

    def spread(self, now: float, rate: float) -> None:
        """Bring last polls forward where more of them fall together than the rate (calls a second) can take."""
        step = 1.0 / (rate * SHARE)
        reserved = chain(self._reached.near(now), self._timers.near(now + AHEAD))
        coming = dict.fromkeys(
            session for session in reserved if _is_to_come(session, now) and self._is_mine(session)
        )
        near = sorted(coming, key=final_poll_at)
        late = [place for place, session in enumerate(near) if now + place * step > final_poll_at(session)]
        crowd = max(late, default=-1)
        for place, session in enumerate(near[: crowd + 1]):
            session.final_poll_by = min(final_poll_at(session), now + place * step)
            session.final_poll = FinalPoll.BROUGHT_FORWARD
            self.put(session, session.final_poll_by, len(self._timers))

    def _clear(self) -> None:
        """Drop those that don't wait: they would keep finished sessions in memory to their deadlines."""
        for session in self._timers.retain(lambda session: _is_reserved(session) and self._is_mine(session)):
            if self._is_mine(session):
                session.final_due_at = -inf

    def _first(self, timers: TimerQueue, now: float) -> Session | None:
        """The first whose moment has come; stale timers before it are dropped."""
        while (timer := timers.first(now)) is not None:
            session, is_mine = timer.session, self._is_mine(timer.session)
            if is_mine and timers.is_current(timer) and session.is_scheduled and not session.is_abandoned:
                return session
            timers.drop()
            if is_mine and session.final_due_at == timer.at:
                session.final_due_at = -inf
        return None


def _next(timers: TimerQueue) -> float:
    """When the first timer comes, stale or not; inf if there is none."""
    timer = timers.first()
    return timer.at if timer else inf


def _end(session: Session) -> float:
    """When the time of a session runs out: just before, so that nobody is decided after it."""
    return _end_of_part(floor(over_at(session) * PARTS))


@lru_cache(maxsize=256)
def _end_of_part(number: int) -> float:
    return number / PARTS


def _is_reserved(session: Session) -> bool:
    return session.is_scheduled and not session.is_abandoned and session.final_due_at > -inf


def _is_to_come(session: Session, now: float) -> bool:
    """Whether it waits for its last poll, which is near and was not brought forward yet."""
    is_near = session.final_due_at - now <= min(AHEAD, session.lifetime * AHEAD_SHARE)
    return is_near and _is_reserved(session) and session.final_poll is FinalPoll.KEPT
