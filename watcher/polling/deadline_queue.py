"""Reserves a time for each session's final poll, so that none expires unpolled because others were due first."""

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
"""Below this many timers, those of finished sessions are not worth clearing out."""

AHEAD, AHEAD_SHARE = 20.0, 1 / 9
"""Maximum seconds, and share of a session's time, that a final poll is brought forward when too many coincide."""

SHARE = 0.8
"""Share of the rate that final polls are spread over; the rest is for new calls and for faults."""

SHORTEST = 1e-6
"""Minimum seconds of a wait: what rounding leaves could be too short to move a clock."""

SPREAD_EVERY = 1.0
"""Seconds between two checks for too many final polls close together."""

PARTS = 64
"""Parts of a second. Timers are rounded up to the end of one, so that many sessions share one number."""


class DeadlineQueue:
    """A second timer queue next to the due queue's, ordered by final polls. The scheduler's lock guards it.

    A session whose final poll is due is in line for the poll, earliest first, and for its end, earliest deadline
    first: its end needs no call, and must not wait for those that do. A session whose final poll was brought forward
    and answered only waits for its end.
    """

    def __init__(self, is_mine: Callable[[Session], bool]) -> None:
        """`is_mine`: whether a session belongs here; it may have moved to another queue."""
        self._is_mine = is_mine
        self._timers = TimerQueue(attrgetter("final_due_at"))
        self._reached = TimerQueue(attrgetter("final_due_at"))
        self._ends = TimerQueue(_end)
        self.quiet_until = inf
        """Nothing is due here before this time (monotonic)."""

    def put(self, session: Session, at: float, waiting: int) -> None:
        """Guard a session among `waiting` ones: once its final poll is due, but not before `at`, it goes first."""
        at = max(at, final_poll_at(session))
        if 0.0 <= session.final_due_at - at < 1 / PARTS or session.expired_on_receipt:  # too late to be kept
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
        """A session whose time has run out, if any, else the one whose final poll is due first; and which it is."""
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
        """Put those in line whose final poll is due."""
        while (session := self._first(self._timers, now)) is not None:
            self._timers.drop()
            self._reached.add(session)
            self._ends.add(session)

    def seconds_until_next(self, now: float) -> float:
        """Seconds until the next final poll may be due."""
        return max(SHORTEST, _next(self._timers) - now)

    def seconds_until_end(self, now: float) -> float:
        """Seconds until the time of one in line may run out."""
        return max(SHORTEST, _next(self._ends) - now)

    def spread(self, now: float, rate: float) -> None:
        """Bring final polls forward where more of them coincide than the rate (calls a second) allows."""
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
        """Drop timers of sessions that don't wait: they would keep those in memory until their deadlines."""
        for session in self._timers.retain(lambda session: _is_reserved(session) and self._is_mine(session)):
            if self._is_mine(session):
                session.final_due_at = -inf

    def _first(self, timers: TimerQueue, now: float) -> Session | None:
        """The first whose final poll is due; stale timers before it are dropped."""
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
    """When the time of a session runs out: slightly early, so that no session is decided late."""
    return _end_of_part(floor(over_at(session) * PARTS))


@lru_cache(maxsize=256)
def _end_of_part(number: int) -> float:
    return number / PARTS


def _is_reserved(session: Session) -> bool:
    return session.is_scheduled and not session.is_abandoned and session.final_due_at > -inf


def _is_to_come(session: Session, now: float) -> bool:
    """Whether it waits for its final poll, which is near and has not been brought forward yet."""
    is_near = session.final_due_at - now <= min(AHEAD, session.lifetime * AHEAD_SHARE)
    return is_near and _is_reserved(session) and session.final_poll is FinalPoll.KEPT
