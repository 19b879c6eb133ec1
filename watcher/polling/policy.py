"""When to poll a session again, and when to stop: tenacity's strategies, used as a calculation.

Nothing sleeps here and no state is shared between sessions. A strategy finds the watch in the first argument of the
`RetryCallState` and time in the injected clock: tenacity's own `stop_after_delay` measures from the local start, so
that a redelivery would start a session's three minutes anew.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tenacity import Future, RetryCallState, Retrying
from tenacity.retry import retry_base
from tenacity.stop import stop_base
from tenacity.wait import wait_base, wait_exponential

from watcher.domain.errors import (
    OperatorError,
    PollError,
    SessionNotFound,
    Throttled,
    TransientPollError,
    UnknownStatus,
    UnreadableAnswer,
)
from watcher.domain.model import SessionResult, SessionStatus
from watcher.domain.ports import Clock
from watcher.polling.final_poll import answered, last_poll_at, lead, next_moment
from watcher.schedule import Schedule, wait_learned
from watcher.sessions.creation_claim import latest_birth, over_at
from watcher.sessions.session import Watch

NOT_FOUND_GRACE = 5.0
"""Seconds from a session's creation, at the latest when its message was sent, in which SessionNotFoundException may
only mean "not there yet"."""

UNREADABLE_LIMIT = 5
"""Answers in a row that are not the API's, after which the session is given up: about 10 s at the default backoff,
long enough for a proxy's hiccup, short enough for the person who waits. An unknown status is waited for to the
deadline instead: it may be a new, passing one."""

Observation = SessionResult | PollError


@dataclass(frozen=True, slots=True)
class PollAgain:
    """Not over: poll again `delay` seconds from now."""

    delay: float


@dataclass(frozen=True, slots=True)
class Ended:
    """Over: `ending` is the terminal answer, the permanent fault, or what the last poll brought."""

    ending: Observation


class _Brought(Future):
    """What a poll brought. No other thread waits for it, so it does without the locks of a future."""

    def __init__(self, attempt_number: int, observation: Observation) -> None:
        self.attempt_number, self._observation = attempt_number, observation

    @property
    def failed(self) -> bool:
        return isinstance(self._observation, PollError)

    def exception(self, timeout: float | None = None) -> PollError | None:
        return self._observation if isinstance(self._observation, PollError) else None

    def result(self, timeout: float | None = None) -> SessionResult:
        if isinstance(self._observation, PollError):
            raise self._observation
        return self._observation


class wait_jittered(wait_base):  # noqa: N801 - named like tenacity's own
    """Another wait with a share of it random: between (1 - jitter) and 1 of it, never outside [minimum, maximum].

    The wait is first stretched by the jitter, so that the floor at `minimum` doesn't take the randomness from the
    first one: sessions received together would otherwise be polled together.
    """

    def __init__(
        self, wait: wait_base, jitter: float, minimum: float, maximum: float, uniform: Callable[[float, float], float]
    ) -> None:
        self.wait, self.jitter, self.minimum, self.maximum, self.uniform = wait, jitter, minimum, maximum, uniform

    def __call__(self, retry_state: RetryCallState) -> float:
        """Seconds to wait before the next attempt."""
        highest = min(self.wait(retry_state) * (1 + self.jitter), self.maximum)
        return self.uniform(max(self.minimum, highest * (1 - self.jitter)), highest)


class stop_at_deadline(stop_base):  # noqa: N801 - named like tenacity's own
    """Stop once the last poll has been answered; a last poll that failed is tried again until the deadline.

    One that was brought forward is not the last for certain: there may be time for another.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def __call__(self, retry_state: RetryCallState) -> bool:
        """Whether the session's time is over."""
        watch = _watch(retry_state)
        is_answered = retry_state.outcome is not None and not retry_state.outcome.failed
        return self.clock.monotonic() >= over_at(watch) - (lead(watch) if is_answered else 0.0)


class retry_unsettled(retry_base):  # noqa: N801 - named like tenacity's own
    """Go on while the session has no terminal status and the fault, if any, may pass.

    An unreadable answer may, so many times in a row; an unknown status always.
    """

    def __init__(self, clock: Clock, grace: float = NOT_FOUND_GRACE, unreadable: int = UNREADABLE_LIMIT) -> None:
        self.clock, self.grace, self.unreadable = clock, grace, unreadable

    def __call__(self, retry_state: RetryCallState) -> bool:
        """Whether a later poll may bring more."""
        outcome = retry_state.outcome
        fault = outcome.exception() if outcome is not None else None
        if fault is None:
            return outcome is None or not outcome.result().status.is_terminal
        if isinstance(fault, SessionNotFound):
            watch = _watch(retry_state)
            return self.clock.monotonic() - max(watch.born, latest_birth(watch)) < self.grace
        if isinstance(fault, UnreadableAnswer) and not isinstance(fault, UnknownStatus):
            return _watch(retry_state).unreadable < self.unreadable
        return isinstance(fault, (TransientPollError, OperatorError))


class PollPolicy:
    """The next step of a session from what its latest poll brought."""

    def __init__(self, wait: wait_base, clock: Clock) -> None:
        """`wait` is any tenacity wait; attempt numbers count answers, or faults in a row.

        One that learns is told what each poll has seen, and says when the first one is due.
        """
        self._clock = clock
        self._learned = wait if isinstance(wait, wait_learned) else None
        self._strategies = Retrying(
            wait=wait,
            stop=stop_at_deadline(clock),
            retry=retry_unsettled(clock),
        )

    def next_step(self, watch: Watch, observation: Observation) -> PollAgain | Ended:
        """Poll again, or the end. Call it after `watch.saw(observation)`."""
        self._learn(watch, observation)
        state = self._state(watch, observation)
        if not self._strategies.retry(state) or self._strategies.stop(state):
            self.forget(watch)
            return Ended(observation)
        now = self._clock.monotonic()
        if isinstance(observation, SessionResult):
            answered(watch, now)
        return PollAgain(min(float(self._strategies.wait(state)), next_moment(watch, now) - now))

    def forget(self, watch: Watch) -> None:
        """It won't be polled any more."""
        if self._learned is not None:
            self._learned.schedule.forget(watch)

    def first_poll(self, watch: Watch) -> float:
        """When (monotonic) a new watch is polled first: now, unless that is known to be too early.

        A moment that has passed sets it before all that became worth a call after it: it was told of late, and is
        probably over. Not one that AWS has forgotten.
        """
        now = self._clock.monotonic()
        wait = self._learned.first(self._blank(watch)) if self._learned is not None else 0.0
        return now if now >= watch.deadline else min(now + wait, max(now, last_poll_at(watch)))

    def _learn(self, watch: Watch, observation: Observation) -> None:
        """Pass on what an answer says of the session's end. EXPIRED says nothing: AWS ended it, not the person."""
        if self._learned is None or not isinstance(observation, SessionResult):
            return
        status, now, born = observation.status, self._clock.monotonic(), watch.born
        if status is not SessionStatus.EXPIRED:
            before = max(0.0, watch.on_the_way_at - born)
            self._learned.schedule.saw(watch.policy, before, now - born, ended=status.is_terminal, now=now)
        watch.on_the_way_at = now

    def _blank(self, watch: Watch) -> RetryCallState:
        return RetryCallState(self._strategies, fn=None, args=(watch,), kwargs={})

    def _state(self, watch: Watch, observation: Observation) -> RetryCallState:
        state = self._blank(watch)
        if isinstance(observation, PollError):
            # Faults back off by themselves; those of the past are forgotten with the first answer.
            state.attempt_number = watch.throttles if isinstance(observation, Throttled) else watch.faults
        else:
            state.attempt_number = watch.answers
        state.outcome = _Brought(state.attempt_number, observation)
        return state


def backoff(
    minimum: float,
    maximum: float,
    multiplier: float,
    jitter: float,
    uniform: Callable[[float, float], float] = random.uniform,
) -> wait_base:
    """Exponential backoff in seconds: minimum, times multiplier with each attempt, up to maximum, jittered."""
    wait = wait_exponential(multiplier=minimum, exp_base=multiplier, min=minimum, max=maximum)
    return wait_jittered(wait, jitter, minimum, maximum, uniform)


def learned(
    schedule: Schedule,
    clock: Clock,
    fallback: wait_base,
    *,
    minimum: float,
    maximum: float,
    jitter: float,
    uniform: Callable[[float, float], float] = random.uniform,
) -> wait_base:
    """By what `schedule` has learned; `fallback` after a fault, and until enough is known. Seconds."""
    return wait_learned(
        schedule,
        fallback,
        least=minimum,
        most=maximum,
        jitter=jitter,
        age=lambda state: clock.monotonic() - _watch(state).born,
        session=_watch,
        kind=lambda state: _watch(state).policy,
        begun=lambda state: _watch(state).taken_at,
        now=clock.monotonic,
        uniform=uniform,
    )


def _watch(state: RetryCallState) -> Watch:
    watch: Watch = state.args[0]
    return watch
