"""A watch: one session under one policy on its way from receipt to ack."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from math import inf
from typing import Any

from watcher.errors import PollError, Throttled, UnreadableAnswer
from watcher.model import Lease, SessionKey, SessionResult

TRAIL_LIMIT = 300
"""Trail entries kept for a session; a session of 180 s at one poll a second stays below it."""


@dataclass(slots=True, eq=False)
class Watch:
    """One session under one policy, while it is in flight.

    `created_at` is in epoch seconds; `born` is the same moment on the monotonic clock, and `deadline` counts from it.
    `weight` is what the context takes, in bytes of its message.
    One thread at a time owns a watch: the scheduler hands it to a worker, the worker to the delivery. `leases` and
    `abandoned` belong to the books of what is in flight; `ticket` (which entry of the heap counts; 0: none),
    `due_at`, `taken_at`, `guarded_at`, `guard` and `last_poll_by` to the scheduler; `on_the_way_at` (monotonic: when
    the latest answer said so) to the poll policy.
    """

    key: SessionKey
    created_at: float
    born: float
    deadline: float
    context: Mapping[str, Any] = field(default_factory=dict)
    weight: int = 0
    leases: list[Lease] = field(default_factory=list)
    polls: int = 0
    answers: int = 0
    faults: int = 0
    unreadable: int = 0
    throttles: int = 0
    last_error: PollError | None = None
    abandoned: bool = False
    trail: list[dict[str, Any]] = field(default_factory=list)
    ticket: int = 0
    due_at: float = 0.0
    guarded_at: float = -inf
    taken_at: float = -inf
    guard: int = 0
    last_poll_by: float = inf
    on_the_way_at: float = -inf
    awaiting: Set[str] = frozenset()
    traceparent: str = ""

    def saw(self, observation: SessionResult | PollError) -> None:
        """Count one poll: `answers` in all; `faults`, `unreadable` answers and `throttles` in a row.

        A throttle says nothing of the session: it changes no other count than its own.
        """
        self.polls += 1
        if isinstance(observation, Throttled):
            self.last_error = observation
            self.throttles += 1
            return
        self.throttles = 0
        if isinstance(observation, SessionResult):
            self.answers += 1
            self.faults = self.unreadable = 0
            return
        self.last_error = observation
        self.faults += 1
        self.unreadable = self.unreadable + 1 if isinstance(observation, UnreadableAnswer) else 0

    def note(self, at: float, event: str, **details: object) -> None:
        """Add to the session's life, as `watcher explain` shows it."""
        if len(self.trail) < TRAIL_LIMIT:
            self.trail.append({"at": round(at, 3), "event": event, **details})
