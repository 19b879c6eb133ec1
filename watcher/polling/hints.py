"""What a hint that a person has finished does: it moves the next poll of a session, and nothing else."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from watcher.domain.active_rules import ActiveRules
from watcher.domain.hints import HINTS, HintResult, HintSource
from watcher.domain.ports import Clock
from watcher.polling.policy import PollPolicy
from watcher.polling.recent import Recent
from watcher.polling.scheduler import Scheduler
from watcher.sessions.hint import Hint
from watcher.sessions.in_flight import InFlight
from watcher.sessions.session import Session
from watcher.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)
_stdlib_log = logging.getLogger(__name__)
"""Used for its level: structlog builds a line before it drops it."""

REMEMBERED = 5000
"""Session ids of each kind that are remembered: 25 a second, the larger default quota, for three minutes. They take
1.5 MB."""


@dataclass(frozen=True, slots=True)
class _End:
    """An end that a poll found without a hint: its session's policy, and the ages between which it was."""

    policy: str
    low: float
    high: float
    created: float


class Hints:
    """Applies hints to the sessions in flight. Thread-safe."""

    def __init__(
        self,
        *,
        in_flight: InFlight,
        scheduler: Scheduler,
        active_rules: ActiveRules[PollPolicy],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._in_flight = in_flight
        self._scheduler = scheduler
        self._active_rules = active_rules
        self._clock = clock
        self._metrics = metrics
        self._ended: Recent[_End | None] = Recent(REMEMBERED)
        """Sessions decided here; the value is None if a hint announced the end."""
        self._early: Recent[HintSource] = Recent(REMEMBERED)
        """Sessions that a hint named before their message came."""

    def announce(self, session_id: str, source: HintSource) -> HintResult:
        """The person of this session is said to have finished, whatever the policy."""
        now = self._clock.monotonic()
        sessions = self._in_flight.of(session_id)
        results = [self._hint(session, source, now) for session in sessions] or [
            self._unwatched(session_id, source, now)
        ]
        result = min(results, key=list(HintResult).index)
        if result in HINTS[source]:
            self.count(source, result, session_id)
        return result

    def announce_one_of(self, session_ids: Sequence[str], source: HintSource) -> HintResult:
        """The same, if any of these ids may be the session's: one that is known here counts, or else the first."""
        if len(session_ids) == 1:
            return self.announce(session_ids[0], source)  # the usual case, and in a flood each microsecond counts
        result = self.announce(min(session_ids, key=self._rank), source)
        if result is HintResult.UNKNOWN:
            for session_id in session_ids:
                self._early.put(session_id, source)
        return result

    def count(self, source: HintSource, result: HintResult, session_id: str = "", *, number: int = 1) -> None:
        """Count hints, and log them; `session_id` is empty if they name none."""
        self._metrics.hints.labels(source.value, result.value).inc(number)
        if _stdlib_log.isEnabledFor(logging.DEBUG):
            about = {"session_id": session_id} if session_id else {"number": number}
            log.debug("hint_received", source=source.value, result=result.value, **about)

    def admit(self, session: Session, source: HintSource | None) -> None:
        """Prepare a new session for its first poll: its message, or a hint before it, may have announced its end."""
        source = source or self._early.get(session.session_id)
        if source is None:
            return
        session.hint = Hint(self._clock.monotonic(), source)
        session.note_hint(self._clock.time(), source.value)

    def ended(self, session: Session) -> None:
        """A session is decided: later hints for it come too late."""
        session.is_ended = True
        end = None
        if not self._active_rules.rules.polling.hinted.is_announced(session):
            created = session.created_monotonic
            low = max(0.0, session.on_the_way_at - created)
            end = _End(session.policy, low, self._clock.monotonic() - created, created)
        self._ended.put(session.session_id, end)

    def _hint(self, session: Session, source: HintSource, now: float) -> HintResult:
        if session.is_ended:
            self._late(session.session_id, now)
            return HintResult.LATE
        if not self._active_rules.rules.polling.hinted.accepts(session, now, source):
            return HintResult.REPEATED
        session.note_hint(self._clock.time(), source.value)
        if session.hint is None:
            session.hint = Hint(now, source)
        else:
            session.hint.repeat(now, source)
        self._scheduler.hint(session, now)
        return HintResult.USED

    def _unwatched(self, session_id: str, source: HintSource, now: float) -> HintResult:
        if session_id in self._ended:
            self._late(session_id, now)
            return HintResult.LATE
        self._early.put(session_id, source)
        return HintResult.UNKNOWN

    def _rank(self, session_id: str) -> int:
        """0 for a session that is watched, 1 for one that was decided here, 2 for others."""
        if any(not session.is_ended for session in self._in_flight.of(session_id)):
            return 0
        return 1 if session_id in self._ended else 2

    def _late(self, session_id: str, now: float) -> None:
        """The schedule learns that an end that a poll found was announced after all."""
        end = self._ended.swap(session_id, None)
        if end is not None:
            polling = self._active_rules.rules.polling
            polling.record_late_hint(end.policy, end.low, end.high, now - end.created)
