"""Sessions by the moment of their turn, the earliest first, in as little memory as their number allows."""

import heapq
from collections.abc import Callable, Iterator
from itertools import chain
from math import floor, inf
from typing import NamedTuple

from watcher.sessions.session import Session


class Timer(NamedTuple):
    """A session and the moment (monotonic seconds) for which it was entered; `number` keeps equals in their order."""

    at: float
    number: int
    session: Session


class TimerQueue:
    """A heap of turns for the second that comes next, and a plain list of sessions for each one after it.

    Of a hundred thousand sessions that wait, most wait for a later second. There a place in a list is all that one
    takes: its moment stands in the session itself, which is asked for it when the second comes. Nothing is ever taken
    out of the middle: a session that was entered again for another moment leaves a void turn behind, to be dropped.
    """

    def __init__(self, moment: Callable[[Session], float]) -> None:
        """`moment`: the turn of a session that counts; a finite number when it is entered."""
        self._moment = moment
        self._turns: list[Timer] = []
        self._second: float = -inf
        self._later: dict[int, list[Session]] = {}
        self._seconds: list[int] = []
        self._number = 0
        self._size = 0

    def __len__(self) -> int:
        """Turns entered and not dropped, void ones too."""
        return self._size

    def enter(self, session: Session) -> bool:
        """Enter a session for its moment; True if, as far as is known without sorting, no other comes before it."""
        at = self._moment(session)
        second = floor(at)
        self._size += 1
        if second <= self._second:
            self._push(at, session)
            return self._turns[0].session is session
        if second in self._later:
            self._later[second].append(session)
        else:
            self._later[second] = [session]
            heapq.heappush(self._seconds, second)
        return not self._turns and self._seconds[0] == second

    def first(self, until: float = inf) -> Timer | None:
        """The earliest turn, void or not, if it comes at `until` or before."""
        while not self._turns and self._seconds and self._seconds[0] <= until:
            self._second = heapq.heappop(self._seconds)
            for session in self._later.pop(int(self._second)):
                if floor_is(self._second, at := self._moment(session)):
                    self._push(at, session)
                else:
                    self._size -= 1
        return self._turns[0] if self._turns and self._turns[0].at <= until else None

    def counts(self, turn: Timer) -> bool:
        """Whether the moment of a turn is still its session's."""
        return self._moment(turn.session) == turn.at

    def drop(self) -> None:
        """Take out the turn that `first` gave."""
        heapq.heappop(self._turns)
        self._size -= 1

    def near(self, until: float) -> Iterator[Session]:
        """Those entered for moments up to about `until`; void ones, and one twice, too."""
        yield from (turn.session for turn in self._turns)
        for second in [second for second in self._seconds if second <= until]:
            yield from self._later[second]

    def keep(self, counts: Callable[[Session], bool]) -> list[Session]:
        """Drop the turns of all sessions but those that count, and void turns; returns whose were dropped."""
        entered = [*(turn.session for turn in self._turns), *chain.from_iterable(self._later.values())]
        self._turns, self._second, self._later, self._seconds, self._size = [], -inf, {}, [], 0
        for session in {session: None for session in entered if counts(session)}:
            self.enter(session)
        return [session for session in entered if not counts(session)]

    def _push(self, at: float, session: Session) -> None:
        self._number += 1
        heapq.heappush(self._turns, Timer(at, self._number, session))


def floor_is(second: float, at: float) -> bool:
    """Whether a moment, which may be infinite, lies in this second."""
    return second <= at < second + 1
