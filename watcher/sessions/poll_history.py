"""What the polls of one session have brought so far. Sessions that wait for their first poll have none of it."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii
from math import inf
from types import MappingProxyType

from watcher.domain.errors import (
    EndpointFault,
    PollError,
    SessionNotFound,
    Throttled,
    UnknownStatus,
    UnreadableAnswer,
)
from watcher.domain.model import SessionResult, SessionStatus

TRAIL_LIMIT = 32_768
"""Characters of notes kept for a session; one of 180 s at one poll a second stays below it."""

_BY_NOBODY: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True, eq=False)
class PollHistory:
    """How it went: `polls` and `answers` in all; `faults`, `unreadable` answers and `throttles` in a row.

    `on_the_way_at` (monotonic): when the latest answer said so. `latest`: what the session is decided by if its time
    runs out now, the status of the latest answer or the fault after it. `pending_sinks`: the sinks still without
    the decision; `rejections`: those that will not take it, and why. `notes`: what was noted, as members
    of a JSON list, each with a comma before it.
    """

    polls: int = 0
    answers: int = 0
    faults: int = 0
    unreadable: int = 0
    throttles: int = 0
    last_error: PollError | None = None
    on_the_way_at: float = -inf
    pending_sinks: Set[str] = frozenset()
    rejections: Mapping[str, str] = field(default_factory=lambda: _BY_NOBODY)
    latest: SessionStatus | PollError | None = None
    notes: str = ""

    def record(self, observation: SessionResult | PollError) -> None:
        """Count one poll. A throttle says nothing of the session: it changes no other count than its own."""
        self.polls += 1
        if isinstance(observation, Throttled):
            self.last_error = observation
            self.throttles += 1
            self.latest = self.latest or observation
            return
        self.throttles = 0
        if isinstance(observation, SessionResult):
            self.answers += 1
            self.faults = self.unreadable = 0
            self.latest = observation.status
            return
        self.last_error = self.latest = observation
        self.faults += 1
        if not isinstance(observation, EndpointFault):  # which says nothing of the session: its row goes on
            self.unreadable = self.unreadable + 1 if isinstance(observation, UnreadableAnswer) else 0

    @property
    def is_unanswered(self) -> bool:
        """Whether the latest poll failed.

        A throttle did not: it says nothing of the session. Nor did what AWS says of it: a status that the API's model
        lacks, or that it does not know the id, which may be early.
        """
        says_something = isinstance(self.latest, Throttled | SessionNotFound | UnknownStatus)
        return isinstance(self.latest, PollError) and not says_something

    def note_poll(self, at: float, result: str, took: float, error: str, wait: float | None) -> None:
        """Add a poll to `notes`, as `watcher explain` shows it: when, what came of it, seconds it took.

        `result` is a metric's label; `wait`: seconds until the next poll, if there is one. Every poll is noted, and
        json.dumps would take longer for it than all the rest.
        """
        if len(self.notes) < TRAIL_LIMIT:
            poll = f'"at": {at:.3f}, "event": "poll", "result": "{result}", "seconds": {took:.4f}'
            failed = f', "error": {encode_basestring_ascii(error)}' if error else ""
            ahead = "" if wait is None else f', "next": {wait:.3f}'
            self.notes += f", {{{poll}{failed}{ahead}}}"
