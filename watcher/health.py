"""Proof of life and readiness: what /livez and /readyz are told."""

import math
from collections.abc import Mapping
from threading import Lock

import structlog

from watcher.ports import Clock
from watcher.util import stalls

log = structlog.get_logger(__name__)

# No time-out of a call interrupts getaddrinfo. resolv.conf(5): 5 s a server, 2 attempts, up to 3 servers. glibc waits
# 5, 3 and 6 s for three in turn (res_send.c: the time doubles with each, and is shared), twice; and if the name with
# a search domain gets no answer, the name as it is follows: 2 x 2 x 14 s.
RESOLVING = 60.0
"""Seconds that looking up a name may take when no name server answers."""

LOOKUPS = 2
"""Names that one call may have to look up: who gives credentials out (STS, say), and the endpoint."""

SLACK = 30.0
"""Seconds for all else in a call: signing, parsing, a busy machine."""

OUTSIDE_ALLOWANCE = 300.0
"""Seconds of silence allowed to a thread that talks to queue or ledger: many calls may each meet their time-out."""


class Beat:
    """The sign of life of one thread. A thread that waits for work rests, and can't be late."""

    def __init__(self, clock: Clock, allowance: float, role: str = "") -> None:
        """`allowance`: seconds that one piece of its work may take; infinity where a call has no limit."""
        self._role = role
        self._clock = clock
        self._allowance = allowance
        self._last = clock.monotonic()
        self._resting = True

    def beat(self) -> None:
        """Progress was made just now, and work goes on."""
        self._last = self._clock.monotonic()
        self._resting = False
        stalls.point(self._role)

    def rest(self) -> None:
        """Nothing to do until further notice."""
        self._last = self._clock.monotonic()
        self._resting = True

    def silence(self) -> float:
        """Seconds since the last progress; 0 while resting."""
        return 0.0 if self._resting else self._clock.monotonic() - self._last

    @property
    def is_late(self) -> bool:
        """Whether the thread is silent for longer than its work may take."""
        return self.silence() > self._allowance


class Liveness:
    """The beats of all threads, by role (`poller` has as many as there are workers)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._beats: dict[str, list[Beat]] = {}

    def beat(self, role: str, allowance: float = 60.0) -> Beat:
        """A new beat for a thread of this role. Call it before the threads start."""
        beat = Beat(self._clock, allowance, role)
        self._beats.setdefault(role, []).append(beat)
        return beat

    def late(self) -> list[str]:
        """Roles with a thread that makes no progress, each with its silence in seconds."""
        return [
            f"{role}: no progress for {max(beat.silence() for beat in beats):.0f} s"
            for role, beats in self._beats.items()
            if any(beat.is_late for beat in beats)
        ]

    def last_progress(self) -> Mapping[str, float]:
        """By role, when (epoch seconds) its slowest thread last made progress."""
        now = self._clock.time()
        return {role: now - max(beat.silence() for beat in beats) for role, beats in self._beats.items()}


class Readiness:
    """What stands in the way of work, one line a part: queue, ledger, Rekognition, each sink, draining."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._problems: dict[str, str] = {}
        self._told: set[str] = set()

    def lost(self, part: str, problem: str, consequence: str = "", **details: object) -> bool:
        """Note what is wrong with a part; returns whether it was fine until now.

        Then it is logged, once, with its `consequence` and `details`; without one the caller has told it in its way.
        """
        with self._lock:
            is_new = part not in self._problems
            self._problems[part] = problem
            is_told = is_new and bool(consequence)
            if is_told:
                self._told.add(part)
        if is_told:
            log.error("lost", part=part, error=problem, consequence=consequence, **details)
        return is_new

    def regained(self, part: str) -> bool:
        """Note that a part works; returns whether it did not until now. If the log was told so, it is told this."""
        if part not in self._problems:  # the usual case, without the lock
            return False
        with self._lock:
            was_lost = self._problems.pop(part, None) is not None
            was_told = part in self._told
            self._told.discard(part)
        if was_told:
            log.info("regained", part=part)
        return was_lost

    def problems(self) -> dict[str, str]:
        """What is wrong now, by part. "queue depth" is left out where "queue" says the very same."""
        with self._lock:
            found = dict(self._problems)
        return {
            part: problem
            for part, problem in found.items()
            if part == (whole := part.partition(" ")[0]) or found.get(whole) != problem
        }


def call_allowance(connect_timeout: float, read_timeout: float) -> float:
    """Seconds that a worker may spend in one call before it counts as stuck; no limit where one time-out has none."""
    if connect_timeout == 0 or read_timeout == 0:
        return math.inf
    return connect_timeout + read_timeout + LOOKUPS * RESOLVING + SLACK


def outside_allowance(one_call: float) -> float:
    """Seconds for a thread that talks to queue or ledger, and calls the service with the allowance `one_call`."""
    return max(OUTSIDE_ALLOWANCE, one_call)
