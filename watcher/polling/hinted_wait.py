"""How a session is polled after a hint: at once, and then more and more rarely."""

from dataclasses import dataclass
from math import inf

from watcher.sessions.session import Session


@dataclass(frozen=True, slots=True)
class HintedWait:
    """`minimum` and `maximum`: seconds, the settings' intervals."""

    minimum: float
    maximum: float
    first: float = 0.25
    """Seconds to the second poll: AWS may still be scoring the session when the person has finished."""
    growth: float = 2.0
    """Each further wait is so many times as long, until the schedule without hints takes over."""

    def accepts(self, session: Session, now: float) -> bool:
        """Whether a hint at `now` may move a poll of this session.

        The second may after `minimum` seconds, each further one after twice as long: hints come from outside, and
        false ones must not cost any number of calls.
        """
        hint = session.hint
        return hint is None or now - hint.at >= self.minimum * self.growth ** (hint.used - 1)

    def after_answer(self, session: Session) -> float:
        """Seconds to the next poll of a session that is on the way; inf without a hint, or once it proved false."""
        wait = self._wait(session)
        if session.hint is not None and wait > 0.0:
            session.hint.polls += 1
        return wait

    def is_announced(self, session: Session) -> bool:
        """Whether a poll that finds the session's end owes that to a hint."""
        return self._wait(session) < inf

    def _wait(self, session: Session) -> float:
        hint = session.hint
        if hint is None:
            return inf
        if hint.at > session.dispatched_at:
            return 0.0  # it came during the call
        wait = self.first * self.growth**hint.polls
        return wait if wait < self.maximum else inf
