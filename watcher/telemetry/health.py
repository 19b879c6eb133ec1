"""Proof of life: what each thread does, and since when, as /livez is told."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto
from threading import local
from typing import NamedTuple

from watcher.domain.ports import Clock
from watcher.util import stalls

OWN_LIMIT = 20.0
"""Seconds of silence after which a thread that is in no call to the outside counts as stuck. Its own work takes
milliseconds; with a probe every few seconds, somebody knows within 30."""

SLOW_CALL = 20.0
"""Seconds after which readiness names a call that has not returned; as long as `OWN_LIMIT`, for the same promise."""

# No time-out of a call interrupts getaddrinfo. resolv.conf(5): 5 s a server, 2 attempts, up to 3 servers. glibc waits
# 5, 3 and 6 s for three in turn (res_send.c: the time doubles with each, and is shared), twice; and if the name with
# a search domain gets no answer, the name as it is follows: 2 x 2 x 14 s.
RESOLVING = 60.0
"""Seconds that looking up a name may take when no name server answers."""

LOOKUPS = 2
"""Names that one call may have to look up: who gives credentials out (STS, say), and the endpoint."""

SLACK = 30.0
"""Seconds for all else in a call: signing, parsing, a busy machine."""

OUTSIDE_LIMIT = 300.0
"""Seconds that one call of a queue, ledger or remote sink may take: it makes many requests, and each may meet its
time-out. One that takes longer hangs in spite of all time-outs, and only a restart helps."""


class _Kind(Enum):
    REST = auto()
    WORK = auto()
    CALL = auto()
    LOCK = auto()


class _Doing(NamedTuple):
    """What a thread does, and since when (monotonic): it is in `call` of a `part`, or waits for the lock `part`."""

    kind: _Kind
    since: float
    part: str = ""
    call: str = ""
    limit: float = OWN_LIMIT


class Beat:
    """The sign of life of one thread: it rests, works, is in a call to the outside, or waits for a lock.

    A thread that rests can't be late. A call has its own limit, since what hangs then is not in this process.
    """

    def __init__(self, clock: Clock, role: str, *, is_shared: bool = False) -> None:
        """`is_shared`: for a piece of work that many threads do in turn, beside their own."""
        self.role = role
        self._clock = clock
        self._is_shared = is_shared
        self._doing = _Doing(_Kind.REST, clock.monotonic())  # replaced as one: other threads read it

    def beat(self) -> None:
        """Progress was made just now, and work goes on. Binds this beat to the calling thread: see `current`."""
        self._begin(_Doing(_Kind.WORK, self._clock.monotonic()))
        stalls.point(self.role)

    def rest(self) -> None:
        """Nothing to do until further notice."""
        self._begin(_Doing(_Kind.REST, self._clock.monotonic()))

    @contextmanager
    def calling(self, part: str, call: str, limit: float) -> Iterator[None]:
        """A call to the outside, of a readiness part; it may take `limit` seconds."""
        with self._doing_so(_Doing(_Kind.CALL, self._clock.monotonic(), part, call, limit)):
            stalls.point(f"{part}.{call}")
            yield

    @contextmanager
    def waiting_for_lock(self, name: str) -> Iterator[None]:
        """Another thread has the lock of this name, and is to be blamed if it keeps it."""
        with self._doing_so(_Doing(_Kind.LOCK, self._clock.monotonic(), name)):
            yield

    @contextmanager
    def _doing_so(self, doing: _Doing) -> Iterator[None]:
        before, self._doing = self._doing, doing
        try:
            yield
        finally:
            self._doing = before._replace(since=self._clock.monotonic())

    def _begin(self, doing: _Doing) -> None:
        self._doing = doing
        if not self._is_shared:
            _bound.beat = self

    def silence(self) -> float:
        """Seconds since the last progress; 0 while resting."""
        return _silence(self._doing, self._clock.monotonic())

    def stuck(self, now: float) -> str:
        """What to say of a thread that makes no progress at `now` (monotonic), and not for a lock; else nothing."""
        doing, silence = self._doing, _silence(self._doing, now)
        if doing.kind is _Kind.LOCK or silence <= doing.limit:
            return ""
        if doing.kind is _Kind.CALL:
            return f"{self.role}: {doing.call} of {doing.part}: no return for {silence:.0f} s, beyond all time-outs"
        return f"{self.role}: no progress for {silence:.0f} s"

    def blocked(self, now: float) -> str:
        """What to say of a thread that waits too long for a lock; else nothing."""
        doing, silence = self._doing, _silence(self._doing, now)
        if doing.kind is not _Kind.LOCK or silence <= OWN_LIMIT:
            return ""
        return f"{self.role}: no progress for {silence:.0f} s, it waits for the lock of the {doing.part}"

    def slow_call(self, now: float) -> tuple[str, str] | None:
        """The readiness part, and what to say, if a call of it has not returned for long."""
        doing, silence = self._doing, _silence(self._doing, now)
        if doing.kind is not _Kind.CALL or silence < SLOW_CALL:
            return None
        return doing.part, f"no answer for {silence:.0f} s ({doing.call}, called by the thread {self.role})"


def _silence(doing: _Doing, now: float) -> float:
    return 0.0 if doing.kind is _Kind.REST else now - doing.since


_bound = local()


def current() -> Beat | None:
    """The beat of the calling thread, if it has one."""
    found: Beat | None = getattr(_bound, "beat", None)
    return found


def rest_current() -> None:
    """Let the beat of the calling thread rest, if it has one: a thread that has ended is not late."""
    if (beat := current()) is not None:
        beat.rest()


class Liveness:
    """The beats of all threads, by role (`poller` has as many as there are workers)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._beats: dict[str, list[Beat]] = {}

    def beat(self, role: str, *, is_shared: bool = False) -> Beat:
        """A new beat for a thread of this role."""
        beat = Beat(self._clock, role, is_shared=is_shared)
        self._beats.setdefault(role, []).append(beat)
        return beat

    def late(self) -> list[str]:
        """What is stuck in this process, a line for each role.

        Who waits for a lock is named only if nobody else is: whoever has the lock is what is wrong.
        """
        return self._lines(Beat.stuck) or self._lines(Beat.blocked)

    def _lines(self, words: Callable[[Beat, float], str]) -> list[str]:
        now = self._clock.monotonic()
        roles = [sorted(beats, key=Beat.silence, reverse=True) for beats in list(self._beats.values())]
        lines = (next(filter(None, (words(beat, now) for beat in beats)), "") for beats in roles)
        return [line for line in lines if line]

    def slow_calls(self) -> Mapping[str, str]:
        """What has not answered for long, by readiness part: of several calls the longest."""
        now = self._clock.monotonic()
        beats = sorted((beat for beats in list(self._beats.values()) for beat in beats), key=Beat.silence)
        return dict(call for beat in beats if (call := beat.slow_call(now)))

    def last_progress(self) -> Mapping[str, float]:
        """By role, when (epoch seconds) its slowest thread last made progress."""
        now = self._clock.time()
        return {role: now - max(map(Beat.silence, beats)) for role, beats in list(self._beats.items())}


def call_allowance(connect_timeout: float, read_timeout: float) -> float:
    """Seconds that one call of the service may take; no limit where one of its time-outs has none."""
    if connect_timeout == 0 or read_timeout == 0:
        return math.inf
    return connect_timeout + read_timeout + LOOKUPS * RESOLVING + SLACK
