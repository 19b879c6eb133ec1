"""The ways to place polls that are compared."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tenacity import RetryCallState, wait_exponential, wait_fixed, wait_random_exponential
from tenacity.wait import wait_base

from tests.benchmarks.schedule_ideal import Durations
from tests.benchmarks.schedule_world import JumpingClock, MakePolicy, ScriptedSession
from tests.support import Unlimited
from watcher.domain.ports import RateLimiter
from watcher.polling.learned_wait import LearnedWait
from watcher.polling.policy import PollPolicy
from watcher.polling.scheduler import Scheduler
from watcher.polling.strategies import backoff
from watcher.rate_limit import AdaptiveRate, TokenBucket
from watcher.schedule import Mode, Schedule
from watcher.schedule.estimator import DurationEstimator

FIRST, LONGEST, GROWTH, JITTER = 1.0, 10.0, 1.6, 0.2
"""The settings' defaults."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """A name, the policy, whether a limiter keeps the quota, and how many throttles in a row lose a session.

    `finds`: the limiter is told no quota, and starts from half of it.
    """

    name: str
    policy: MakePolicy
    limited: bool = True
    finds: bool = False
    patience: int = 10**9

    def limiter(self, quota: float) -> RateLimiter:
        """The limiter for a quota in calls a second."""
        if self.finds:
            return AdaptiveRate(quota / 2, random.Random(7).random)
        return TokenBucket(quota) if self.limited else Unlimited()


class KnowingLearner(DurationEstimator):
    """Knows the distribution from the start, and needs to learn nothing."""

    def __init__(self, durations: Durations) -> None:
        super().__init__()
        self.mode, self._curve = Mode.LEARNED, durations.curve()

    @property
    def curve(self) -> object:  # type: ignore[override]
        return self._curve

    def record(
        self, low: float, high: float, *, ended: bool, now: float | None = None, is_announced: bool = False
    ) -> None:
        """Nothing new."""


class EvenLearner(DurationEstimator):
    """Never learns."""

    def __init__(self) -> None:
        super().__init__()
        self.mode = Mode.EVEN

    def record(
        self, low: float, high: float, *, ended: bool, now: float | None = None, is_announced: bool = False
    ) -> None:
        """Nothing new."""


class wait_oracle(wait_base):  # noqa: N801 - named like tenacity's own
    """Knows each session's end."""

    def __init__(self, clock: JumpingClock, sessions: list[ScriptedSession]) -> None:
        self._clock, self._sessions = clock, sessions

    def __call__(self, retry_state: RetryCallState) -> float:
        """Seconds to the end."""
        session = self._sessions[int(retry_state.args[0].key.session_id)]
        return max(1e-6, session.ends - self._clock.now)


class wait_steps(wait_base):  # noqa: N801 - named like tenacity's own
    """A Step Functions loop: a Wait state of 5 s; throttles retried after 1, 2 and 4 s as its Retry field has it."""

    def __call__(self, retry_state: RetryCallState) -> float:
        """Seconds to the next attempt."""
        failed = retry_state.outcome is not None and retry_state.outcome.failed
        return 2.0 ** (retry_state.attempt_number - 1) if failed else 5.0


def scheduled(learner: Callable[[], DurationEstimator]) -> MakePolicy:
    """The learned schedule, with a learner of our own."""

    def make(clock: JumpingClock, scheduler: Scheduler, sessions: list[ScriptedSession]) -> PollPolicy:
        schedule = Schedule(lambda: scheduler.rate, learner())
        uniform = random.Random(5).uniform
        learned = LearnedWait(
            schedule=schedule, clock=clock, minimum=FIRST, maximum=LONGEST, jitter=JITTER, uniform=uniform
        )
        return PollPolicy(backoff(FIRST, LONGEST, GROWTH, JITTER, uniform), clock, learned)

    return make


def plain(wait: Callable[[], wait_base]) -> MakePolicy:
    """A wait that needs nothing."""
    return lambda clock, scheduler, sessions: PollPolicy(wait(), clock)


LEARNED = Strategy("learned", scheduled(DurationEstimator))
FINDING = Strategy("learned, quota found", LEARNED.policy, finds=True)
EVEN = Strategy("even sharing", scheduled(EvenLearner))
ORACLE = Strategy("oracle", lambda clock, scheduler, sessions: PollPolicy(wait_oracle(clock, sessions), clock))
JITTERED = Strategy("full jitter 1-30 s", plain(lambda: wait_random_exponential(1, 30)), limited=False)
BACKOFF = Strategy("backoff 1-30 s", plain(lambda: wait_exponential(1, 30)), limited=False)
OTHERS = (
    Strategy("fixed 1 s", plain(lambda: wait_fixed(1)), limited=False),
    Strategy("fixed 5 s", plain(lambda: wait_fixed(5)), limited=False),
    Strategy("botocore waiter 5 s", plain(lambda: wait_fixed(5)), limited=False, patience=1),
    Strategy("Step Functions loop", plain(wait_steps), limited=False, patience=4),
    BACKOFF,
    JITTERED,
    Strategy("full jitter, limited", JITTERED.policy),
    Strategy('strategy "backoff"', plain(lambda: backoff(FIRST, LONGEST, GROWTH, JITTER, random.Random(5).uniform))),
)


def knowing(durations: Durations) -> Strategy:
    """The index that knows the distribution."""
    return Strategy("index that knows", scheduled(lambda: KnowingLearner(durations)))
