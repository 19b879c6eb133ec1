"""tenacity strategies for one session: how long to back off, when its time is over, which faults are temporary.

A strategy takes the session from the first argument of the `RetryCallState` and time from the injected clock:
tenacity's own `stop_after_delay` measures from the local start, so a redelivery would restart a session's three
minutes.
"""

import random
from collections.abc import Callable

from tenacity import RetryCallState
from tenacity.retry import retry_base
from tenacity.stop import stop_base
from tenacity.wait import wait_base, wait_exponential

from watcher.domain.errors import OperatorError, SessionNotFound, TransientPollError, UnknownStatus, UnreadableAnswer
from watcher.domain.ports import Clock
from watcher.polling.final_poll import lead_seconds
from watcher.sessions.creation_claim import latest_creation, over_at
from watcher.sessions.session import Session

NOT_FOUND_GRACE = 5.0
"""Seconds from a session's creation (at the latest from when its message was sent) in which SessionNotFoundException
may just mean "not there yet"."""

UNREADABLE_LIMIT = 5
"""Consecutive answers that are not the API's after which a session is given up: about 10 s at the default backoff,
long enough for a proxy's hiccup, short enough for the person who waits. A session with an unknown status is polled
until its deadline instead, because the status may be a new, temporary one."""


class wait_jittered(wait_base):  # noqa: N801 - named like tenacity's own
    """Another wait with a random share: between (1 - jitter) and 1 times it, never outside [minimum, maximum].

    The wait is first stretched by the jitter, so that the floor at `minimum` doesn't remove the randomness of the
    first one: otherwise sessions received together would be polled together.
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
    """Stop once the final poll has been answered; a failed final poll is retried until the deadline.

    One that was brought forward need not be the last: there may be time for another.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def __call__(self, retry_state: RetryCallState) -> bool:
        """Whether the session's time is over."""
        session = _session(retry_state)
        is_answered = retry_state.outcome is None
        return self.clock.monotonic() >= over_at(session) - (lead_seconds(session) if is_answered else 0.0)


class retry_passing_fault(retry_base):  # noqa: N801 - named like tenacity's own
    """Retry while the fault, if there was one, may be temporary.

    An unreadable answer may be, up to `unreadable` times in a row; an unknown status always.
    """

    def __init__(self, clock: Clock, grace: float = NOT_FOUND_GRACE, unreadable: int = UNREADABLE_LIMIT) -> None:
        self.clock, self.grace, self.unreadable = clock, grace, unreadable

    def __call__(self, retry_state: RetryCallState) -> bool:
        """Whether a later poll may bring more."""
        outcome = retry_state.outcome
        fault = outcome.exception() if outcome is not None else None
        if fault is None:
            return True
        if isinstance(fault, SessionNotFound):
            session = _session(retry_state)
            return self.clock.monotonic() - max(session.created_monotonic, latest_creation(session)) < self.grace
        if isinstance(fault, UnreadableAnswer) and not isinstance(fault, UnknownStatus):
            return _session(retry_state).unreadable < self.unreadable
        return isinstance(fault, (TransientPollError, OperatorError))


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


def _session(state: RetryCallState) -> Session:
    session: Session = state.args[0]
    return session
