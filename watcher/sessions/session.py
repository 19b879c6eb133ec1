"""A watch: one session under one policy on its way from receipt to ack."""

import json
from collections.abc import Mapping, Set
from dataclasses import replace
from functools import lru_cache
from math import inf

from watcher.domain.errors import PollError
from watcher.domain.model import NO_CONTEXT, Lease, SessionKey, SessionResult, SessionStatus
from watcher.schedule.plan import PlanBucket
from watcher.sessions.poll_history import PollHistory
from watcher.sessions.shared_fields import plain

_NEVER = -inf  # one for all: Python makes a new `-inf` wherever it is written

_UNPOLLED = PollHistory()  # that of every watch before its first poll; it never changes


class Watch:
    """One session under one policy, while it is in flight. Kept small: 100,000 of them may be waiting at once.

    `created_at` is in epoch seconds; `born` is the same moment on the monotonic clock, to a tenth of a millisecond,
    and `deadline` is the lifetime of its `terms` later: both move with `created_at`. `received_at` and `sent_at`
    (epoch) are the message's.
    One thread at a time owns it: scheduler, worker, delivery. Only the consumer's replaces `terms`, also while
    another one owns the rest. `leases` and `abandoned` belong to the in-flight table;
    `waits` (for its turn), `due_at`, `taken_at` and `guarded_at` to the scheduler, `last_poll_by` to its deadline
    queue; `on_the_way_at` (monotonic) to the poll policy, `planned_for` to its learned schedule.
    """

    __slots__ = (
        "_course",
        "_first_lease",
        "abandoned",
        "created_at",
        "due_at",
        "guarded_at",
        "last_poll_by",
        "planned_for",
        "received_at",
        "sent_at",
        "session_id",
        "taken_at",
        "terms",
        "waits",
    )

    def __init__(
        self,
        key: SessionKey,
        created_at: float,
        born: float,
        deadline: float,
        context: bytes = NO_CONTEXT,
        *,
        weight: int = 0,
        traceparent: str = "",
        received_at: float | None = None,
        sent_at: float = 0.0,
    ) -> None:
        self.session_id, self.created_at = key.session_id, created_at
        self.terms = plain(key.policy, round(created_at - born, 4), round(deadline - born, 6))
        if context != NO_CONTEXT or weight or traceparent:
            self.terms = replace(self.terms, context=context, weight=weight, traceparent=traceparent)
        self.received_at = None if received_at is None else _one(round(received_at, 3))
        self.sent_at = sent_at
        self._course = _UNPOLLED
        self.waits = self.abandoned = False
        self.due_at, self.last_poll_by = 0.0, inf
        self.guarded_at = self.taken_at = _NEVER
        self.planned_for: PlanBucket | None = None
        self._first_lease: Lease | None = None

    @property
    def born(self) -> float:
        """When (monotonic) the session was created."""
        return self.created_at - self.terms.epoch

    @property
    def deadline(self) -> float:
        """When (monotonic) its time is over."""
        terms = self.terms
        return self.created_at - terms.epoch + terms.lifetime

    def move_creation(self, created_at: float, born: float) -> None:
        """It was created then, and not as was thought; the deadline moves along. See `creation_claim`."""
        self.created_at = created_at
        self.terms = replace(self.terms, epoch=round(created_at - born, 4))
        self.last_poll_by = inf  # the poll that was brought forward, perhaps made, is not the last any more

    @property
    def policy(self) -> str:
        """By whose rules it is decided."""
        return self.terms.policy

    @property
    def context(self) -> bytes:
        """The context that its message gave, as compact JSON."""
        return self.terms.context

    @property
    def weight(self) -> int:
        """Bytes of memory that the context takes, and its event until every sink has it."""
        return self.terms.weight

    @property
    def traceparent(self) -> str:
        """The trace that it belongs to, if its message named one."""
        return self.terms.traceparent

    @property
    def key(self) -> SessionKey:
        """What has exactly one decision."""
        return SessionKey(self.session_id, self.policy)

    @property
    def leases(self) -> list[Lease]:
        """The leases on its messages that are held: of almost all sessions one."""
        first = self._first_lease
        held, more = [first] if first is not None and first.watch is self else [], self.terms.leases
        return [*held, *(lease for lease in more if lease.watch is self)] if more else held

    def put_under(self, lease: Lease) -> None:
        """Hold one more lease for it."""
        lease.watch = self
        if self._first_lease is None:
            self._first_lease = lease
        elif self.terms.leases:
            self.terms.leases.append(lease)
        else:
            self.terms = replace(self.terms, leases=[lease])

    def saw(self, observation: SessionResult | PollError) -> None:
        """Count one poll; see `PollHistory`."""
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
    def is_unanswered(self) -> bool:
        """Whether the latest poll failed."""
        return self._course.is_unanswered

    @property
    def on_the_way_at(self) -> float:
        """When (monotonic) the latest answer said that the session was on its way."""
        return self._course.on_the_way_at

    @on_the_way_at.setter
    def on_the_way_at(self, at: float) -> None:
        self._own_course().on_the_way_at = at

    @property
    def ending(self) -> SessionResult | PollError | None:
        """What it is decided by if its time runs out now; None if no poll has brought anything."""
        latest = self._course.latest
        return SessionResult(self.session_id, latest) if isinstance(latest, SessionStatus) else latest

    @property
    def came_late(self) -> bool:
        """Whether it was received only after its time was over."""
        return self.received_at is not None and self.received_at >= self.created_at + self.terms.lifetime

    @property
    def awaiting(self) -> Set[str]:
        """The sinks that don't have its decision yet."""
        return self._course.awaiting

    @awaiting.setter
    def awaiting(self, sinks: Set[str]) -> None:
        self._own_course().awaiting = sinks

    @property
    def refused(self) -> Mapping[str, str]:
        """The sinks that rejected its decision, and why."""
        return self._course.refused

    def refuse(self, sink: str, why: str) -> None:
        """This sink will not take its decision."""
        course = self._own_course()
        course.refused = {**course.refused, sink: why}

    def _own_course(self) -> PollHistory:
        if self._course is _UNPOLLED:
            self._course = PollHistory()
        return self._course

    def note_poll(self, at: float, result: str, took: float, *, error: str = "", wait: float | None = None) -> None:
        """Add a poll to the session's life; see `PollHistory`."""
        self._own_course().note_poll(at, result, took, error, wait)

    def note_refused_creation(self, at: float, claimed: float) -> None:
        """Add that its message gave a creation time that can't be true (epoch seconds)."""
        note = {"at": round(at, 3), "event": "corrected", "claimed": claimed, "sentAt": self.sent_at}
        self._own_course().notes += f", {json.dumps(note)}"

    @property
    def trail(self) -> str:
        """The session's life so far, as a JSON list."""
        return f"[{(self._receipt() + self._course.notes).removeprefix(', ')}]"

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
