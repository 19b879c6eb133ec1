"""One session under one policy on its way from receipt to ack."""

import json
from collections.abc import Mapping, Set
from dataclasses import replace
from functools import lru_cache
from math import inf

from watcher.domain.errors import PollError
from watcher.domain.model import NO_CONTEXT, Lease, SessionKey, SessionResult, SessionStatus
from watcher.schedule.plan import PlanBucket
from watcher.sessions.poll_history import PollHistory
from watcher.sessions.shared_fields import shared_terms

_NEVER = -inf  # one for all: Python makes a new `-inf` wherever it is written

_UNPOLLED = PollHistory()  # that of every session before its first poll; it never changes


class Session:
    """One session under one policy, while it is in flight. Kept small: 100,000 of them may be waiting at once.

    `created_at` is in epoch seconds; `created_monotonic` is the same moment on the monotonic clock, to a
    tenth of a millisecond, and `deadline` is the lifetime of its `terms` later: both move with `created_at`.
    `received_at` and `sent_at` (epoch) are the message's.
    One thread at a time owns it: scheduler, worker, delivery. Only the consumer's replaces `terms`, also while
    another one owns the rest. `leases` and `is_abandoned` belong to the in-flight table;
    `is_scheduled`, `due_at`, `dispatched_at` and `final_due_at` to the scheduler, `final_poll_by` to its deadline
    queue; `on_the_way_at` (monotonic) to the poll policy, `planned_for` to its learned schedule.
    """

    __slots__ = (
        "_first_lease",
        "_poll_history",
        "created_at",
        "dispatched_at",
        "due_at",
        "final_due_at",
        "final_poll_by",
        "is_abandoned",
        "is_scheduled",
        "planned_for",
        "received_at",
        "sent_at",
        "session_id",
        "terms",
    )

    def __init__(
        self,
        key: SessionKey,
        created_at: float,
        created_monotonic: float,
        deadline: float,
        context: bytes = NO_CONTEXT,
        *,
        context_bytes: int = 0,
        traceparent: str = "",
        received_at: float | None = None,
        sent_at: float = 0.0,
    ) -> None:
        self.session_id, self.created_at = key.session_id, created_at
        self.terms = shared_terms(
            key.policy, round(created_at - created_monotonic, 4), round(deadline - created_monotonic, 6)
        )
        if context != NO_CONTEXT or context_bytes or traceparent:
            self.terms = replace(self.terms, context=context, context_bytes=context_bytes, traceparent=traceparent)
        self.received_at = None if received_at is None else _one(round(received_at, 3))
        self.sent_at = sent_at
        self._poll_history = _UNPOLLED
        self.is_scheduled = self.is_abandoned = False
        self.due_at, self.final_poll_by = 0.0, inf
        self.final_due_at = self.dispatched_at = _NEVER
        self.planned_for: PlanBucket | None = None
        self._first_lease: Lease | None = None

    @property
    def created_monotonic(self) -> float:
        """When (monotonic) the session was created."""
        return self.created_at - self.terms.epoch

    @property
    def deadline(self) -> float:
        """When (monotonic) its time is over."""
        terms = self.terms
        return self.created_at - terms.epoch + terms.lifetime

    def move_creation(self, created_at: float, created_monotonic: float) -> None:
        """It was created then, and not as was thought; the deadline moves along. See `creation_claim`."""
        self.created_at = created_at
        self.terms = replace(self.terms, epoch=round(created_at - created_monotonic, 4))
        self.final_poll_by = inf  # the poll that was brought forward, perhaps made, is not the last any more

    @property
    def policy(self) -> str:
        """By whose rules it is decided."""
        return self.terms.policy

    @property
    def context(self) -> bytes:
        """The context that its message gave, as compact JSON."""
        return self.terms.context

    @property
    def context_bytes(self) -> int:
        """Bytes of memory that the context takes, and its event until every sink has it."""
        return self.terms.context_bytes

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
        held, more = [first] if first is not None and first.session is self else [], self.terms.leases
        return [*held, *(lease for lease in more if lease.session is self)] if more else held

    def add_lease(self, lease: Lease) -> None:
        """Hold one more lease for it."""
        lease.session = self
        if self._first_lease is None:
            self._first_lease = lease
        elif self.terms.leases:
            self.terms.leases.append(lease)
        else:
            self.terms = replace(self.terms, leases=[lease])

    def record(self, observation: SessionResult | PollError) -> None:
        """Count one poll; see `PollHistory`."""
        self._own_history().record(observation)

    @property
    def polls(self) -> int:
        """Polls so far."""
        return self._poll_history.polls

    @property
    def answers(self) -> int:
        """Polls so far that were answered."""
        return self._poll_history.answers

    @property
    def faults(self) -> int:
        """Faults in a row."""
        return self._poll_history.faults

    @property
    def unreadable(self) -> int:
        """Unreadable answers in a row."""
        return self._poll_history.unreadable

    @property
    def throttles(self) -> int:
        """Throttles in a row."""
        return self._poll_history.throttles

    @property
    def last_error(self) -> PollError | None:
        """The last fault of all."""
        return self._poll_history.last_error

    @property
    def is_unanswered(self) -> bool:
        """Whether the latest poll failed."""
        return self._poll_history.is_unanswered

    @property
    def on_the_way_at(self) -> float:
        """When (monotonic) the latest answer said that the session was on its way."""
        return self._poll_history.on_the_way_at

    @on_the_way_at.setter
    def on_the_way_at(self, at: float) -> None:
        self._own_history().on_the_way_at = at

    @property
    def ending(self) -> SessionResult | PollError | None:
        """What it is decided by if its time runs out now; None if no poll has brought anything."""
        latest = self._poll_history.latest
        return SessionResult(self.session_id, latest) if isinstance(latest, SessionStatus) else latest

    @property
    def expired_on_receipt(self) -> bool:
        """Whether it was received only after its time was over."""
        return self.received_at is not None and self.received_at >= self.created_at + self.terms.lifetime

    @property
    def pending_sinks(self) -> Set[str]:
        """The sinks that don't have its decision yet."""
        return self._poll_history.pending_sinks

    @pending_sinks.setter
    def pending_sinks(self, sinks: Set[str]) -> None:
        self._own_history().pending_sinks = sinks

    @property
    def rejections(self) -> Mapping[str, str]:
        """The sinks that rejected its decision, and why."""
        return self._poll_history.rejections

    def add_rejection(self, sink: str, why: str) -> None:
        """This sink will not take its decision."""
        course = self._own_history()
        course.rejections = {**course.rejections, sink: why}

    def _own_history(self) -> PollHistory:
        if self._poll_history is _UNPOLLED:
            self._poll_history = PollHistory()
        return self._poll_history

    def note_poll(self, at: float, result: str, took: float, *, error: str = "", wait: float | None = None) -> None:
        """Add a poll to the session's life; see `PollHistory`."""
        self._own_history().note_poll(at, result, took, error, wait)

    def note_corrected_creation(self, at: float, claimed: float) -> None:
        """Add that its message gave a creation time that can't be true (epoch seconds)."""
        note = {"at": round(at, 3), "event": "corrected", "claimed": claimed, "sentAt": self.sent_at}
        self._own_history().notes += f", {json.dumps(note)}"

    @property
    def history(self) -> str:
        """The session's life so far, as a JSON list."""
        return f"[{(self._receipt() + self._poll_history.notes).removeprefix(', ')}]"

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
    """One object for all that are equal: sessions have their seconds in common, and their receipt with a batch."""
    return number
