"""One session under one policy on its way from receipt to ack."""

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from enum import Enum
from math import inf

from watcher.domain.errors import PollError
from watcher.domain.model import NO_CONTEXT, Lease, SessionKey, SessionResult, SessionStatus
from watcher.schedule.plan import PlanBucket
from watcher.sessions.hint import Hint
from watcher.sessions.poll_history import PollHistory

_UNPOLLED = PollHistory()
"""Shared by all sessions before their first poll; never modified."""


class FinalPoll(Enum):
    """The state of the poll that is reserved for the deadline."""

    KEPT = "kept"
    BROUGHT_FORWARD = "brought forward"
    DONE = "done"
    """It was brought forward and answered."""


@dataclass(slots=True, eq=False)
class Session:
    """One session under one policy, while it is in flight.

    `created_at` is in epoch seconds, and `wall_offset` is the wall time at which the monotonic clock shows 0;
    `lifetime` is the seconds from its creation to its deadline. `received_at` and `sent_at` (epoch) are the
    message's, as are `context` (compact JSON), `context_bytes` (memory of it and its event) and `traceparent`.

    One thread at a time owns it: scheduler, worker, delivery. Only the consumer's thread may change `created_at` and
    `wall_offset` and set `is_brought_forward` while another thread owns the rest. `hint` belongs to `Hints`. Leases
    and `is_abandoned` belong to the in-flight table; `is_scheduled`, `due_at`, `dispatched_at` and `final_due_at`
    (monotonic) to the scheduler; `final_poll` and `final_poll_by`, the time that it is brought forward to, to its
    deadline queue; `on_the_way_at` to the poll policy, `planned_for` to its learned schedule.
    """

    session_id: str
    policy: str
    created_at: float
    wall_offset: float
    lifetime: float
    context: bytes = NO_CONTEXT
    context_bytes: int = 0
    traceparent: str = ""
    received_at: float | None = None
    sent_at: float = 0.0

    is_scheduled: bool = False
    is_abandoned: bool = False
    is_brought_forward: bool = False
    is_ended: bool = False
    hint: Hint | None = None
    due_at: float = 0.0
    dispatched_at: float = -inf
    final_due_at: float = -inf
    final_poll: FinalPoll = FinalPoll.KEPT
    final_poll_by: float = 0.0
    planned_for: PlanBucket | None = None
    _leases: list[Lease] = field(default_factory=list)
    _polls: PollHistory = _UNPOLLED

    @property
    def key(self) -> SessionKey:
        """What has exactly one decision."""
        return SessionKey(self.session_id, self.policy)

    @property
    def created_monotonic(self) -> float:
        """When (monotonic) the session was created."""
        return self.created_at - self.wall_offset

    @property
    def deadline(self) -> float:
        """When (monotonic) its time is over."""
        return self.created_at - self.wall_offset + self.lifetime

    def move_creation(self, created_at: float, created_monotonic: float) -> None:
        """Correct its creation time; the deadline moves with it. See `creation_claim`."""
        self.created_at, self.wall_offset = created_at, created_at - created_monotonic
        self.final_poll = FinalPoll.KEPT  # the poll that was brought forward, perhaps made, is no longer the last

    @property
    def leases(self) -> list[Lease]:
        """The leases held on its messages: one for almost all sessions."""
        return [lease for lease in self._leases if lease.session is self]

    def add_lease(self, lease: Lease) -> None:
        """Add one more lease to it."""
        lease.session = self
        self._leases.append(lease)

    def record(self, observation: SessionResult | PollError) -> None:
        """Count one poll; see `PollHistory`."""
        self._own_history().record(observation)

    @property
    def polls(self) -> int:
        """Polls so far."""
        return self._polls.polls

    @property
    def answers(self) -> int:
        """Answered polls so far."""
        return self._polls.answers

    @property
    def faults(self) -> int:
        """Consecutive faults."""
        return self._polls.faults

    @property
    def unreadable(self) -> int:
        """Consecutive unreadable answers."""
        return self._polls.unreadable

    @property
    def throttles(self) -> int:
        """Consecutive throttles."""
        return self._polls.throttles

    @property
    def last_error(self) -> PollError | None:
        """The most recent fault."""
        return self._polls.last_error

    @property
    def is_unanswered(self) -> bool:
        """Whether the latest poll failed."""
        return self._polls.is_unanswered

    @property
    def on_the_way_at(self) -> float:
        """When (monotonic) the latest answer said that the session was on its way."""
        return self._polls.on_the_way_at

    @on_the_way_at.setter
    def on_the_way_at(self, at: float) -> None:
        self._own_history().on_the_way_at = at

    @property
    def ending(self) -> SessionResult | PollError | None:
        """What decides it if its time runs out now; None without any result."""
        latest = self._polls.latest
        return SessionResult(self.session_id, latest) if isinstance(latest, SessionStatus) else latest

    @property
    def expired_on_receipt(self) -> bool:
        """Whether it was received only after its time was over."""
        return self.received_at is not None and self.received_at >= self.created_at + self.lifetime

    @property
    def pending_sinks(self) -> Set[str]:
        """The sinks that don't have its decision yet."""
        return self._polls.pending_sinks

    @pending_sinks.setter
    def pending_sinks(self, sinks: Set[str]) -> None:
        self._own_history().pending_sinks = sinks

    @property
    def rejections(self) -> Mapping[str, str]:
        """The sinks that rejected its decision, and why."""
        return self._polls.rejections

    def add_rejection(self, sink: str, why: str) -> None:
        """This sink rejects its decision."""
        course = self._own_history()
        course.rejections = {**course.rejections, sink: why}

    def _own_history(self) -> PollHistory:
        if self._polls is _UNPOLLED:
            self._polls = PollHistory()
        return self._polls

    def note_poll(self, at: float, result: str, took: float, *, error: str = "", wait: float | None = None) -> None:
        """Add a poll to the session's trail; see `PollHistory`."""
        self._own_history().note_poll(at, result, took, error, wait)

    def note_hint(self, at: float, source: str) -> None:
        """Note that a hint from this source moves a poll."""
        self._own_history().notes += f', {{"at": {at:.3f}, "event": "hint", "source": "{source}"}}'

    def note_corrected_creation(self, at: float, claimed: float) -> None:
        """Note that its message gave an impossible creation time (epoch seconds)."""
        note = {"at": round(at, 3), "event": "corrected", "claimed": claimed, "sentAt": self.sent_at}
        self._own_history().notes += f", {json.dumps(note)}"

    @property
    def history(self) -> str:
        """The session's trail so far, as a JSON list."""
        return f"[{(self._receipt() + self._polls.notes).removeprefix(', ')}]"

    def _receipt(self) -> str:
        if self.received_at is None or not self._leases:
            return ""
        lease = self._leases[0]
        note = {
            "at": round(self.received_at, 3),
            "event": "received",
            "sentAt": self.sent_at,
            "messageId": lease.message_id,
            "receiveCount": lease.receive_count,
        }
        return ", " + json.dumps(note)
