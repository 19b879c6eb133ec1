"""The results of one session's polls so far. Sessions that wait for their first poll don't have one."""

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
"""Maximum characters of notes for a session; 180 s at one poll a second stay below it."""

_BY_NOBODY: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True, eq=False)
class PollHistory:
    """`polls` and `answers` in total; consecutive `faults`, `unreadable` answers and `throttles`.

    `on_the_way_at` (monotonic): when the latest answer said that it was on its way. `latest`: what decides the
    session if its time runs out now, the status of the latest answer or the fault after it. `pending_sinks`: the
    sinks still without the decision; `rejections`: the sinks that reject it, and why. `notes`: its notes, as members
    of a JSON list, each preceded by a comma.
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
        """Count one poll. A throttle says nothing about the session: it changes only its own count."""
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
        if not isinstance(observation, EndpointFault):  # which says nothing about the session: its series continues
            self.unreadable = self.unreadable + 1 if isinstance(observation, UnreadableAnswer) else 0

    @property
    def is_unanswered(self) -> bool:
        """Whether the latest poll failed.

        A throttle does not count: it says nothing about the session. Nor does what AWS says about it: a status that
        is not in the API's model, or that the id is unknown, which may just be too early.
        """
        says_something = isinstance(self.latest, Throttled | SessionNotFound | UnknownStatus)
        return isinstance(self.latest, PollError) and not says_something

    def note_poll(self, at: float, result: str, took: float, error: str, wait: float | None) -> None:
        """Add a poll to `notes`, as `watcher explain` shows it: when, its result, and the seconds it took.

        `result` is a metric's label; `wait`: seconds until the next poll, if there is one. Every poll is noted, and
        json.dumps would take longer than all the rest.
        """
        if len(self.notes) < TRAIL_LIMIT:
            poll = f'"at": {at:.3f}, "event": "poll", "result": "{result}", "seconds": {took:.4f}'
            failed = f', "error": {encode_basestring_ascii(error)}' if error else ""
            ahead = "" if wait is None else f', "next": {wait:.3f}'
            self.notes += f", {{{poll}{failed}{ahead}}}"
