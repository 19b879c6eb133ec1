"""When to poll a session again, and when to stop. Pure calculation: nothing sleeps, and sessions are independent."""

from math import inf
from typing import NamedTuple

from tenacity import RetryCallState, Retrying
from tenacity.wait import wait_base

from watcher.domain.errors import PollError, Throttled
from watcher.domain.model import SessionResult, SessionStatus
from watcher.domain.ports import Clock
from watcher.polling.final_poll import final_poll_at, next_poll_at, record_answer
from watcher.polling.hinted_wait import HintedWait
from watcher.polling.learned_wait import LearnedWait
from watcher.polling.strategies import retry_passing_fault, stop_at_deadline
from watcher.sessions.session import Session

Observation = SessionResult | PollError


class PollAgain(NamedTuple):
    """Not over: poll again `delay` seconds from now; `is_hinted`: because of a hint."""

    delay: float
    is_hinted: bool = False


class Ended(NamedTuple):
    """Over: `ending` is the terminal answer, the permanent fault, or the result of the last poll."""

    ending: Observation


class PollPolicy:
    """Decides the next step of a session from the result of its latest poll."""

    def __init__(
        self, backoff: wait_base, clock: Clock, learned: LearnedWait | None = None, hinted: HintedWait | None = None
    ) -> None:
        """`backoff` is any tenacity wait; attempt numbers count answers, or faults in a row.

        It sets the wait after a fault, and after an answer unless `learned` knows better. `hinted` shortens it after
        a hint.
        """
        self._clock, self._learned, self.hinted = clock, learned, hinted or HintedWait(1.0, 10.0)
        self._retrying = Retrying(wait=backoff, stop=stop_at_deadline(clock), retry=retry_passing_fault(clock))

    def next_step(self, session: Session, observation: Observation) -> PollAgain | Ended:
        """Poll again, or end. Call it after `session.record(observation)`."""
        if isinstance(observation, SessionResult):
            self._learn(session, observation.status)
        state = self._state(session, observation)
        is_terminal = isinstance(observation, SessionResult) and observation.status.is_terminal
        if is_terminal or not self._retrying.retry(state) or self._retrying.stop(state):
            self.forget(session)
            return Ended(observation)
        now = self._clock.monotonic()
        hinted = inf
        if isinstance(observation, SessionResult):
            record_answer(session, now)
            hinted = self.hinted.after_answer(session)
        wait = min(self._wait(session, state), next_poll_at(session, now) - now, hinted)
        return PollAgain(wait, is_hinted=self.hinted.is_announced(session))

    def _learn(self, session: Session, status: SessionStatus) -> None:
        self.hinted.learn(session, is_over=status.is_terminal)
        if self._learned is not None:
            self._learned.learn(session, status, is_announced=self.hinted.is_announced(session))

    def forget(self, session: Session) -> None:
        """The session won't be polled any more."""
        if self._learned is not None:
            self._learned.schedule.forget(session)

    def record_late_hint(self, policy: str, low: float, high: float, at: float) -> None:
        """The hint of an end that a poll had found, between these ages, came only at age `at`."""
        if self._learned is not None:
            self._learned.schedule.record_late_hint(policy, low, high, at)

    def first_poll(self, session: Session) -> float:
        """When (monotonic) a new session is first polled: now, unless that is known to be too early.

        A time in the past gives a session that was announced late, and is probably over, priority over sessions that
        became worth a call after it. Sessions that AWS has forgotten get none.
        """
        now = self._clock.monotonic()
        wait = self._learned.first(session) if self._learned is not None else 0.0
        if session.hint is not None:
            wait = min(wait, 0.0)
        return now if now >= session.deadline else min(now + wait, max(now, final_poll_at(session)))

    def _wait(self, session: Session, state: RetryCallState) -> float:
        if self._learned is None or state.outcome is not None:
            return float(self._retrying.wait(state))
        return self._learned.after_answer(session, fallback=lambda: float(self._retrying.wait(state)))

    def _state(self, session: Session, observation: Observation) -> RetryCallState:
        """With an outcome only after a fault: tenacity's strategies judge faults alone."""
        state = RetryCallState(self._retrying, fn=None, args=(session,), kwargs={})
        if isinstance(observation, PollError):
            # Faults have their own backoff; the first answer resets it.
            state.attempt_number = session.throttles if isinstance(observation, Throttled) else session.faults
            state.set_exception((type(observation), observation, None))
        else:
            state.attempt_number = session.answers
        return state
