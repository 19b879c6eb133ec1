"""Liveness: what each thread is doing, and since when, for /livez."""

import math
from collections.abc import Callable, Mapping
from enum import Enum, auto
from threading import local
from typing import NamedTuple

from watcher.domain.ports import Clock
from watcher.util import stalls

OWN_LIMIT = 20.0
"""Seconds of silence after which a thread that is not in an outside call counts as stuck. Its own work takes
milliseconds; with a probe every few seconds, this is noticed within 30."""

SLOW_CALL = 20.0
"""Seconds after which readiness names a call that has not returned; like `OWN_LIMIT`, for the same promise."""

# No time-out of a call interrupts getaddrinfo. resolv.conf(5): 5 s per server, 2 attempts, up to 3 servers. glibc
# waits 5, 3 and 6 s for three in turn (res_send.c: the time doubles with each, and is shared), twice; and if the name
# with a search domain gets no answer, the plain name follows: 2 x 2 x 14 s.
RESOLVING = 60.0
"""Seconds that a name lookup may take if no name server answers."""

LOOKUPS = 2
"""Names that one call may have to look up: the credential source's (STS, say), and the endpoint's."""

SLACK = 30.0
"""Seconds for everything else in a call: signing, parsing, a busy machine."""

OUTSIDE_LIMIT = 300.0
"""Seconds that one call of a queue, ledger or remote sink may take: it makes many requests, each of which may time
out. A longer call hangs in spite of all time-outs, and only a restart helps."""


class _Kind(Enum):
    REST = auto()
    WORK = auto()
    CALL = auto()
    LOCK = auto()


class _Doing(NamedTuple):
    """What a thread is doing since when (monotonic): it is in `call` of a `part`, or waits for the lock `part`."""

    kind: _Kind
    since: float
    part: str = ""
    call: str = ""
    limit: float = OWN_LIMIT


class _During:
    """Does something else until its end. Not a generator, which would take four times as long, with every call."""

    __slots__ = ("_beat", "_before", "_doing")

    def __init__(self, beat: "Beat", doing: _Doing) -> None:
        self._beat = beat
        self._doing = doing

    def __enter__(self) -> None:
        self._before = self._beat.change(self._doing)

    def __exit__(self, *_: object) -> None:
        self._beat.resume(self._before)


class Beat:
    """The sign of life of one thread: it rests, works, is in an outside call, or waits for a lock.

    A resting thread can't be late. A call has its own limit, because what hangs then is outside this process.
    """

    def __init__(self, clock: Clock, role: str, *, is_shared: bool = False) -> None:
        """`is_shared`: for work that many threads do in turn, in addition to their own."""
        self.role = role
        self._clock = clock
        self._is_shared = is_shared
        self._doing = _Doing(_Kind.REST, clock.monotonic())  # replaced as a whole: other threads read it

    def beat(self) -> None:
        """Progress was made, and work continues. Binds this beat to the calling thread: see `current`."""
        self._begin(_Doing(_Kind.WORK, self._clock.monotonic()))
        stalls.point(self.role)

    def rest(self) -> None:
        """Nothing to do until further notice."""
        self._begin(_Doing(_Kind.REST, self._clock.monotonic()))

    def calling(self, part: str, call: str, limit: float) -> "_During":
        """A context: an outside call, of a readiness part; it may take `limit` seconds."""
        return _During(self, _Doing(_Kind.CALL, self._clock.monotonic(), part, call, limit))

    def waiting_for_lock(self, name: str) -> "_During":
        """A context: another thread has the lock with this name, and is at fault if it keeps it."""
        return _During(self, _Doing(_Kind.LOCK, self._clock.monotonic(), name))

    def change(self, doing: _Doing) -> _Doing:
        """Do something else; returns what it did before."""
        before, self._doing = self._doing, doing
        return before

    def resume(self, before: _Doing) -> None:
        """Continue with what it did before, from now on."""
        self._doing = _Doing(before.kind, self._clock.monotonic(), before.part, before.call, before.limit)

    def _begin(self, doing: _Doing) -> None:
        self._doing = doing
        if not self._is_shared:
            _bound.beat = self

    def silence(self) -> float:
        """Seconds since the last progress; 0 while resting."""
        return _silence(self._doing, self._clock.monotonic())

    def stuck(self, now: float) -> str:
        """The text for a thread without progress at `now` (monotonic) that is not waiting for a lock; else empty."""
        doing, silence = self._doing, _silence(self._doing, now)
        if doing.kind is _Kind.LOCK or silence <= doing.limit:
            return ""
        if doing.kind is _Kind.CALL:
            return f"{self.role}: {doing.call} of {doing.part}: no return for {silence:.0f} s, beyond all time-outs"
        return f"{self.role}: no progress for {silence:.0f} s"

    def blocked(self, now: float) -> str:
        """The text for a thread that waits too long for a lock; else empty."""
        doing, silence = self._doing, _silence(self._doing, now)
        if doing.kind is not _Kind.LOCK or silence <= OWN_LIMIT:
            return ""
        return f"{self.role}: no progress for {silence:.0f} s, it waits for the lock of the {doing.part}"

    def slow_call(self, now: float) -> tuple[str, str] | None:
        """The readiness part and the text, if a call of it has not returned for long."""
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
    """Let the beat of the calling thread rest, if it has one, because an ended thread is not late."""
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
        """What is stuck in this process, one line per role.

        Threads that wait for a lock are named only if no other is: the holder of the lock is at fault.
        """
        return self._lines(Beat.stuck) or self._lines(Beat.blocked)

    def _lines(self, words: Callable[[Beat, float], str]) -> list[str]:
        now = self._clock.monotonic()
        roles = [sorted(beats, key=Beat.silence, reverse=True) for beats in list(self._beats.values())]
        lines = (next(filter(None, (words(beat, now) for beat in beats)), "") for beats in roles)
        return [line for line in lines if line]

    def slow_calls(self) -> Mapping[str, str]:
        """Calls that have not returned for long, by readiness part: the longest of several."""
        now = self._clock.monotonic()
        beats = sorted((beat for beats in list(self._beats.values()) for beat in beats), key=Beat.silence)
        return dict(call for beat in beats if (call := beat.slow_call(now)))

    def last_progress(self) -> Mapping[str, float]:
        """By role, when (epoch seconds) its slowest thread last made progress."""
        now = self._clock.time()
        return {role: now - max(map(Beat.silence, beats)) for role, beats in list(self._beats.items())}


def call_allowance(connect_timeout: float, read_timeout: float) -> float:
    """Seconds that one call of the service may take; no limit if one of its time-outs has none."""
    if connect_timeout == 0 or read_timeout == 0:
        return math.inf
    return connect_timeout + read_timeout + LOOKUPS * RESOLVING + SLACK
