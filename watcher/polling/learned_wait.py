"""The learned schedule for one session: when its first poll is worth a call, and when its next."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from watcher.domain.model import SessionStatus
from watcher.domain.ports import Clock
from watcher.schedule import Schedule
from watcher.sessions.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedWait:
    """`minimum` and `maximum`: seconds; `jitter`: random share of a wait, around the best value."""

    schedule: Schedule
    clock: Clock
    minimum: float
    maximum: float
    jitter: float
    uniform: Callable[[float, float], float] = random.uniform

    def first(self, session: Session) -> float:
        """Seconds until the first poll is worth a call; negative: for how long it has been."""
        now = self.clock.monotonic()
        return self.schedule.first(
            session, session.policy, now - session.created_monotonic, now, least=self.minimum, most=self.maximum
        )

    def after_answer(self, session: Session, fallback: Callable[[], float]) -> float:
        """Seconds from an answer to the next poll; `fallback`'s until enough is known."""
        now = self.clock.monotonic()
        return self.schedule.wait(
            session,
            session.policy,
            now - session.created_monotonic,
            now,
            fallback=fallback,
            least=self.minimum,
            most=self.maximum,
            begun=session.dispatched_at,
            stretch=self.uniform(1.0 - self.jitter / 2, 1.0 + self.jitter / 2),
        )

    def learn(self, session: Session, status: SessionStatus, *, is_announced: bool = False) -> None:
        """Record what an answer says about the session's end. EXPIRED says nothing: AWS ended it, not the person.

        `is_announced`: a hint led to the poll that found the end.
        """
        now, created_at = self.clock.monotonic(), session.created_monotonic
        if status is not SessionStatus.EXPIRED:
            before = max(0.0, session.on_the_way_at - created_at)
            hinted_at = session.hint.at - created_at if session.hint is not None and is_announced else 0.0
            is_first = status.is_terminal and hinted_at > before
            self.schedule.record(
                session.policy,
                before,
                hinted_at if is_first else now - created_at,
                ended=status.is_terminal,
                now=now,
                is_announced=is_announced,
            )
        if not status.is_terminal:
            session.on_the_way_at = now
