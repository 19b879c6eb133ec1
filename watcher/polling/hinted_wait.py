"""How a session is polled after a hint: at once, and then more and more rarely, for as long as that finds ends."""

from dataclasses import dataclass
from math import ceil, inf, log2
from zlib import crc32

from watcher.domain.hints import HintSource
from watcher.sessions.hint import Hint
from watcher.sessions.session import Session


@dataclass(frozen=True, slots=True)
class GoingOn:
    """How long a session is polled on after a hint."""

    first: float = 0.25
    """Seconds to the second poll: AWS may still be scoring the session when the person has finished. Then twice as
    long each time, until the schedule without hints takes over."""

    weight: float = 0.05
    """Weight of the latest session in what is learned."""

    least_worth: float = 0.2
    """Ends that a further poll has to find, on average. Without hints it takes four calls or more to find one, so
    below that the calls are better spent on other sessions: many hints are false, or too early."""

    tried_anyway: int = 20
    """One session in so many is polled on all the same, so that true hints are noticed again."""


GOING_ON = GoingOn()


class HintedWait:
    """Learns how long it pays to go on after a hint. `minimum` and `maximum`: seconds, the settings' intervals.

    For each source: false hints from one, which anyone may be able to send, spoil no others.
    """

    def __init__(self, minimum: float, maximum: float) -> None:
        self._minimum = minimum
        self._steps = max(1, ceil(log2(maximum / GOING_ON.first)))
        self._found = {source: [0.5] * self._steps for source in HintSource}
        self._spent = {source: [1.0] * self._steps for source in HintSource}
        """By the number of answers since the hint: ends found, and polls made, per session from there on."""

    def accepts(self, session: Session, now: float, source: HintSource) -> bool:
        """Whether a hint at `now` may move a poll of this session: the first always may.

        The second may after `minimum` seconds, each further one after twice as long: hints come from outside, and
        false ones must not cost any number of calls. From the same source, it may only while going on still pays.
        """
        hint = session.hint
        if hint is None:
            return True
        is_in_time = now - hint.at >= self._minimum * 2 ** (hint.used - 1)
        return is_in_time and (source is not hint.source or self._pays(session, hint))

    def learn(self, session: Session, *, is_over: bool) -> None:
        """Learn from an answer about a session; call it before `after_answer`."""
        hint = session.hint
        if hint is None:
            return
        is_found = is_over and self.is_announced(session)
        if not is_found and (is_over or hint.polls != self._steps - 1):
            return
        found, spent = self._found[hint.source], self._spent[hint.source]
        for step in range(min(hint.polls + 1, self._steps)):
            found[step] += GOING_ON.weight * (is_found - found[step])
            spent[step] += GOING_ON.weight * (hint.polls + 1 - step - spent[step])

    def after_answer(self, session: Session) -> float:
        """Seconds to the next poll of a session that is on the way; inf without a hint, or once it proved false."""
        wait = self._wait(session)
        if session.hint is not None and wait > 0.0:
            session.hint.polls += 1
        return wait

    def is_announced(self, session: Session) -> bool:
        """Whether a poll that finds the session's end owes that to a hint: it came since, or is still believed."""
        return session.hint is not None and (session.hint.at >= session.on_the_way_at or self._wait(session) < inf)

    def _wait(self, session: Session) -> float:
        hint = session.hint
        if hint is None:
            return inf
        if hint.at > session.dispatched_at:
            return 0.0  # it came during the call
        return GOING_ON.first * 2**hint.polls if hint.polls < self._steps and self._pays(session, hint) else inf

    def _pays(self, session: Session, hint: Hint) -> bool:
        """Whether it pays to go on with a session after so many answers since its hint."""
        step = min(hint.polls, self._steps - 1)
        found = self._found[hint.source][step]
        is_tried_anyway = crc32(session.session_id.encode()) % GOING_ON.tried_anyway == 0
        return is_tried_anyway or found >= GOING_ON.least_worth * self._spent[hint.source][step]
