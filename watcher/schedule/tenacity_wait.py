"""The learned schedule as a tenacity wait."""

import random
import time
from collections.abc import Callable
from weakref import WeakKeyDictionary

from tenacity import RetryCallState
from tenacity.wait import wait_base

from watcher.schedule.plan import Planned, Session
from watcher.schedule.schedule import Schedule


def _age(retry_state: RetryCallState) -> float:
    return retry_state.seconds_since_start or 0.0


def _all_alike(retry_state: RetryCallState) -> str:
    return ""


def _unknown(retry_state: RetryCallState) -> float | None:
    return None


class wait_learned(wait_base):  # noqa: N801 - named like tenacity's own
    """Wait until what is polled for has probably been over long enough to be worth a call.

    For anything that is polled until it is done: `Retrying(wait=wait_learned(schedule, wait_exponential()), ...)`.
    Share one `Schedule` among all pollers, and tell it with `schedule.saw` what each poll has seen. The wait after a
    fault, and every wait before enough is known, is `fallback`'s.
    """

    def __init__(
        self,
        schedule: Schedule,
        fallback: wait_base,
        *,
        least: float = 1.0,
        most: float = 10.0,
        jitter: float = 0.2,
        age: Callable[[RetryCallState], float] = _age,
        session: Callable[[RetryCallState], Planned] | None = None,
        kind: Callable[[RetryCallState], str] = _all_alike,
        begun: Callable[[RetryCallState], float | None] = _unknown,
        now: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """`least` and `most`: seconds; `jitter`: share of a wait that is random, around what is best.

        `age`, `session` and `kind` find in the state how long ago the polled thing began (seconds; by default since
        the first attempt), the session itself (by default one for each state), and what its duration may depend on;
        `begun` when the latest attempt began, on the clock of `now`: a slow call is not a late one.
        """
        self._sessions: WeakKeyDictionary[RetryCallState, Planned] = WeakKeyDictionary()
        self.schedule, self.fallback = schedule, fallback
        self.least, self.most, self.jitter = least, most, jitter
        self.age, self.session, self.kind, self.begun = age, session or self._session_of, kind, begun
        self.now, self.uniform = now, uniform

    def __call__(self, retry_state: RetryCallState) -> float:
        """Seconds to wait before the next attempt."""
        if retry_state.outcome is not None and retry_state.outcome.failed:
            return float(self.fallback(retry_state))
        return self.schedule.wait(
            self.session(retry_state),
            self.kind(retry_state),
            self.age(retry_state),
            self.now(),
            fallback=lambda: float(self.fallback(retry_state)),
            least=self.least,
            most=self.most,
            begun=self.begun(retry_state),
            stretch=self.uniform(1.0 - self.jitter / 2, 1.0 + self.jitter / 2),
        )

    def first(self, retry_state: RetryCallState) -> float:
        """Seconds to wait before the first attempt, whose `retry_state` has no outcome yet; see `Schedule.first`."""
        return self.schedule.first(
            self.session(retry_state),
            self.kind(retry_state),
            self.age(retry_state),
            self.now(),
            least=self.least,
            most=self.most,
        )

    def _session_of(self, retry_state: RetryCallState) -> Planned:
        return self._sessions.setdefault(retry_state, Session())
