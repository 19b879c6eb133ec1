"""Sessions ordered by the time of their timer, earliest first, in little memory."""

import heapq
from collections.abc import Callable, Iterator
from itertools import chain
from math import floor, inf
from typing import NamedTuple

from watcher.sessions.session import Session


class Timer(NamedTuple):
    """A session and the time (monotonic seconds) that it was added for; `number` keeps equal times in order."""

    at: float
    number: int
    session: Session


class TimerQueue:
    """A heap of timers for the next second, and a plain list of sessions for each later one.

    Of a hundred thousand waiting sessions, most wait for a later second. There each takes only a place in a list: its
    time is stored in the session itself, and is read when that second comes. Nothing is removed from the middle: a
    session that is added again for another time leaves a stale timer behind, which is dropped later.
    """

    def __init__(self, moment: Callable[[Session], float]) -> None:
        """`moment`: returns the current time of a session's timer; a finite number when it is added."""
        self._moment = moment
        self._timers: list[Timer] = []
        self._second: float = -inf
        self._later: dict[int, list[Session]] = {}
        self._seconds: list[int] = []
        self._number = 0
        self._size = 0

    def __len__(self) -> int:
        """Timers added and not dropped, stale ones too."""
        return self._size

    def add(self, session: Session) -> bool:
        """Add a session at its time; True if, as far as is known without sorting, no other comes before it."""
        at = self._moment(session)
        second = floor(at)
        self._size += 1
        if second <= self._second:
            self._push(at, session)
            return self._timers[0].session is session
        if second in self._later:
            self._later[second].append(session)
        else:
            self._later[second] = [session]
            heapq.heappush(self._seconds, second)
        return not self._timers and self._seconds[0] == second

    def first(self, until: float = inf) -> Timer | None:
        """The earliest timer, stale or not, if it is due by `until`."""
        while not self._timers and self._seconds and self._seconds[0] <= until:
            self._second = heapq.heappop(self._seconds)
            for session in self._later.pop(int(self._second)):
                if floor_is(self._second, at := self._moment(session)):
                    self._push(at, session)
                else:
                    self._size -= 1
        return self._timers[0] if self._timers and self._timers[0].at <= until else None

    def is_current(self, timer: Timer) -> bool:
        """Whether the time of a timer is still its session's."""
        return self._moment(timer.session) == timer.at

    def drop(self) -> None:
        """Remove the timer that `first` returned."""
        heapq.heappop(self._timers)
        self._size -= 1

    def near(self, until: float) -> Iterator[Session]:
        """Sessions added for times up to about `until`; may include stale ones and duplicates."""
        yield from (timer.session for timer in self._timers)
        for second in [second for second in self._seconds if second <= until]:
            yield from self._later[second]

    def retain(self, counts: Callable[[Session], bool]) -> list[Session]:
        """Drop stale timers, and those of all sessions but the ones that count; returns the dropped sessions."""
        entered = [*(timer.session for timer in self._timers), *chain.from_iterable(self._later.values())]
        self._timers, self._second, self._later, self._seconds, self._size = [], -inf, {}, [], 0
        for session in {session: None for session in entered if counts(session)}:
            self.add(session)
        return [session for session in entered if not counts(session)]

    def _push(self, at: float, session: Session) -> None:
        self._number += 1
        heapq.heappush(self._timers, Timer(at, self._number, session))


def floor_is(second: float, at: float) -> bool:
    """Whether a time, which may be infinite, is in this second."""
    return second <= at < second + 1
