"""A watch: one session under one policy on its way from receipt to ack."""

import json
from collections.abc import Mapping, Set
from functools import lru_cache
from math import inf
from typing import Any

from watcher.course import Course
from watcher.errors import PollError
from watcher.model import Lease, SessionKey, SessionResult

TRAIL_LIMIT = 32_768
"""Characters of trail kept for a session; one of 180 s at one poll a second stays below it."""

_NO_CONTEXT: Mapping[str, Any] = {}
_NEVER = -inf
# One for all watches: Python makes a new `-inf` wherever it is written.

_UNPOLLED = Course()
"""That of every watch before its first poll. It never changes."""


class Watch:
    """One session under one policy, while it is in flight. A hundred thousand of them may wait: no byte too many.

    `created_at` is in epoch seconds; `born` is the same moment on the monotonic clock, and `deadline` counts from it.
    `weight` is what the context takes, in bytes; `received_at` and `sent_at` (epoch) are the message's.
    One thread at a time owns a watch: the scheduler hands it to a worker, the worker to the delivery. `leases` and
    `abandoned` belong to the books of what is in flight; `waits` (for its turn), `due_at`, `taken_at` and
    `guarded_at` to the scheduler, `last_poll_by` to its guards; `on_the_way_at` (monotonic: when the latest answer
    said so) to the poll policy.
    """

    __slots__ = (
        "_course",
        "_first_lease",
        "_more_leases",
        "_notes",
        "_seconds",
        "abandoned",
        "born",
        "context",
        "created_at",
        "due_at",
        "guarded_at",
        "last_poll_by",
        "policy",
        "received_at",
        "sent_at",
        "session_id",
        "taken_at",
        "traceparent",
        "waits",
        "weight",
    )

    def __init__(
        self,
        key: SessionKey,
        created_at: float,
        born: float,
        deadline: float,
        context: Mapping[str, Any] = _NO_CONTEXT,
        *,
        weight: int = 0,
        traceparent: str = "",
        received_at: float | None = None,
        sent_at: float = 0.0,
    ) -> None:
        self.session_id, self.policy = key
        self.created_at, self.born, self.deadline = created_at, born, deadline
        self.context, self.weight, self.traceparent = context, weight, traceparent
        self.received_at = None if received_at is None else _one(round(received_at, 3))
        self.sent_at = sent_at
        self._course = _UNPOLLED
        self.waits = self.abandoned = False
        self.due_at, self.last_poll_by = 0.0, inf
        self.guarded_at = self.taken_at = _NEVER
        self._first_lease: Lease | None = None
        self._more_leases: tuple[Lease, ...] = ()
        self._notes = ""

    @property
    def deadline(self) -> float:
        """When (monotonic) its time is over: so many seconds after it was born."""
        return self.born + self._seconds

    @deadline.setter
    def deadline(self, at: float) -> None:
        self._seconds = _one(round(at - self.born, 6))

    @property
    def key(self) -> SessionKey:
        """What has exactly one decision."""
        return SessionKey(self.session_id, self.policy)

    @property
    def leases(self) -> list[Lease]:
        """The leases on its messages that are held: of almost all sessions one."""
        first = self._first_lease
        held = [first] if first is not None and first.watch is self else []
        return [*held, *(lease for lease in self._more_leases if lease.watch is self)] if self._more_leases else held

    def put_under(self, lease: Lease) -> None:
        """Hold one more lease for it."""
        lease.watch = self
        if self._first_lease is None:
            self._first_lease = lease
        else:
            self._more_leases += (lease,)

    def saw(self, observation: SessionResult | PollError) -> None:
        """Count one poll; see `Course`."""
        self._own_course().saw(observation)

    @property
    def polls(self) -> int:
        """Polls so far."""
        return self._course.polls

    @property
    def answers(self) -> int:
        """Polls so far that were answered."""
        return self._course.answers

    @property
    def faults(self) -> int:
        """Faults in a row."""
        return self._course.faults

    @property
    def unreadable(self) -> int:
        """Unreadable answers in a row."""
        return self._course.unreadable

    @property
    def throttles(self) -> int:
        """Throttles in a row."""
        return self._course.throttles

    @property
    def last_error(self) -> PollError | None:
        """The last fault of all."""
        return self._course.last_error

    @property
    def on_the_way_at(self) -> float:
        """When (monotonic) the latest answer said that the session was on its way."""
        return self._course.on_the_way_at

    @on_the_way_at.setter
    def on_the_way_at(self, at: float) -> None:
        self._own_course().on_the_way_at = at

    @property
    def awaiting(self) -> Set[str]:
        """The sinks that don't have its decision yet."""
        return self._course.awaiting

    @awaiting.setter
    def awaiting(self, sinks: Set[str]) -> None:
        self._own_course().awaiting = sinks

    def _own_course(self) -> Course:
        if self._course is _UNPOLLED:
            self._course = Course()
        return self._course

    def note(self, at: float, event: str, **details: object) -> None:
        """Add to the session's life, as `watcher explain` shows it."""
        if len(self._notes) < TRAIL_LIMIT:
            self._notes += ", " + json.dumps({"at": round(at, 3), "event": event, **details})

    @property
    def trail(self) -> str:
        """The session's life so far, as a JSON list. How it was received is told by what is known of that anyway."""
        return f"[{(self._receipt() + self._notes).removeprefix(', ')}]"

    def _receipt(self) -> str:
        lease = self._first_lease
        if self.received_at is None or lease is None:
            return ""
        note = {
            "at": self.received_at,
            "event": "received",
            "sentAt": self.sent_at,
            "messageId": lease.message_id,
            "receiveCount": lease.receive_count,
        }
        return ", " + json.dumps(note)


@lru_cache(maxsize=128)
def _one(number: float) -> float:
    """One object for all that are equal: watches have their seconds in common, and their receipt with a batch."""
    return number
