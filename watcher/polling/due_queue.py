"""Sessions that wait for their next poll, in the order in which they are polled."""

import random
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from math import inf
from operator import attrgetter

from watcher.polling.deadline_queue import DeadlineQueue
from watcher.polling.timer_queue import Timer, TimerQueue
from watcher.sessions.session import Session

BEHIND = 1.0
"""Seconds that the oldest poll must be overdue before the queue counts as behind: less is normal jitter."""


NEWCOMERS = 1000
"""How many of the newest sessions are remembered. If more arrive at once, the others wait in their order."""


class _Choice(IntEnum):
    """Which session is next in a queue that is behind. Taking only the newest would mostly serve a flood."""

    OLDEST = 0
    NEWEST = 1
    ANY = 2


Head = tuple[Session, Timer | None, bool]
"""The session to poll next; its place among those that are due, if it has one; and whether its time is over."""


class DueQueue:
    """Sessions ordered by when their polls are due, earliest first.

    A session whose final poll is due goes before all others; see `DeadlineQueue`. While `newest_too` is set, a queue
    that is behind gives two of three polls to sessions that were never polled: one to the newest, so that a session
    that arrives after a crowd does not wait for the whole crowd; and one to any of them, so that a session that
    arrives amid a steady flood, which always has the newest, has a chance.
    """

    def __init__(self, is_mine: Callable[[Session], bool]) -> None:
        """`is_mine`: whether a session belongs in this queue, when it is added and for as long as it waits."""
        self._later = TimerQueue(attrgetter("due_at"))
        self._due: deque[Timer] = deque()
        self._deadlines = DeadlineQueue(is_mine)
        self.newest_too = False
        self._newcomers = deque[Timer](maxlen=NEWCOMERS)
        self._choice = _Choice.OLDEST
        self._quiet_until = inf

    def __len__(self) -> int:
        return len(self._later) + len(self._due)

    def add(self, session: Session) -> bool:
        """Add a session at its `due_at`; True if, as far as is known, no other comes before it."""
        comes_first = self._later.add(session)
        self._quiet_until = min(self._quiet_until, session.due_at)
        self._deadlines.put(session, session.due_at, len(self))
        return comes_first and not self._due

    def reserve(self, session: Session, at: float) -> None:
        """Reserve the time of a session's final poll for it, but not before `at`."""
        self._deadlines.put(session, at, len(self))

    def spread(self, now: float, rate: float) -> None:
        """Bring last polls forward where more of them fall together than the rate (calls a second) can take."""
        self._deadlines.spread(now, rate)

    def head(self, now: float) -> Head | None:
        """What to poll next, if anything is due by `now`."""
        if now < self._quiet_until and not self._due and now < self._deadlines.quiet_until:
            return None  # the usual case, checked with every poll
        reserved, is_over = self._deadlines.due(now)
        if reserved is not None:
            return reserved, None, is_over
        if now >= self._quiet_until:
            self._collect(now)
        timer = self._oldest()
        if timer is None:
            return None
        if timer.at >= now - BEHIND:
            self._newcomers.clear()
        elif self._choice and self.newest_too:
            timer = self._newcomer() or timer
        return timer.session, timer, False

    def take(self, timer: Timer | None) -> None:
        """Drop the turn that `head` has just returned. A final poll has none: its session's is stale now."""
        if timer is None:
            return
        if timer is self._due[0]:
            self._due.popleft()
        else:
            self._newcomers.pop()  # its turn among the due ones is now stale
        self._choice = _Choice((self._choice + 1) % len(_Choice)) if self._newcomers else _Choice.OLDEST

    def expired(self, now: float) -> Session | None:
        """A session whose time has run out, if there is one."""
        reserved, is_over = self._deadlines.due(now)
        return reserved if is_over else None

    def is_behind(self, now: float) -> bool:
        """Whether its oldest poll is overdue by more than jitter."""
        return bool(self._due) and self._due[0].at < now - BEHIND

    def next_at(self) -> float:
        """When (monotonic) the first poll is due; inf if none waits."""
        timer = self._oldest() or self._first_later()
        return inf if timer is None else timer.at

    def seconds_until_due(self, now: float) -> float:
        """Seconds until the next check is worthwhile, if nothing is due; inf if nothing waits."""
        at = self.next_at()
        if at == inf:
            return inf
        return min(at - now, self._deadlines.seconds_until_next(now))

    def seconds_until_end(self, now: float) -> float:
        """Seconds until the time of a session in line for its final poll may run out."""
        return self._deadlines.seconds_until_end(now)

    def _collect(self, now: float) -> None:
        """Move the turns that have come due to the due ones."""
        later, due = self._later, self._due
        while (timer := later.first()) is not None and timer.at <= now:
            later.drop()
            due.append(timer)
            if not timer.session.polls:
                self._newcomers.append(timer)
        self._quiet_until = inf if timer is None else timer.at

    def _first_later(self) -> Timer | None:
        while (timer := self._later.first()) is not None and is_stale(timer):
            self._later.drop()
        return timer

    def _oldest(self) -> Timer | None:
        due = self._due
        while due:
            if not is_stale(timer := due[0]):
                return timer
            due.popleft()
        return None

    def _newcomer(self) -> Timer | None:
        """The newest or any other new session, which then becomes the last of them."""
        newcomers = self._newcomers
        while newcomers:
            if self._choice is _Choice.ANY:
                place = random.randrange(len(newcomers))
                newcomers[place], newcomers[-1] = newcomers[-1], newcomers[place]
            if not is_stale(timer := newcomers[-1]):
                return timer
            newcomers.pop()
        return None


def is_stale(timer: Timer) -> bool:
    """Whether its session was taken by another turn, moved to another one, or abandoned."""
    session = timer.session
    return session.is_abandoned or not session.is_scheduled or session.due_at != timer.at
