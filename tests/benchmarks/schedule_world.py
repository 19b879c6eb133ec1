"""Sessions, a service with a quota and a clock that jumps, around the watcher's real scheduler, policy and limiter."""

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from tenacity.wait import wait_base

from tests.benchmarks.schedule_ideal import Durations
from watcher.errors import Throttled
from watcher.health import Beat
from watcher.model import SessionKey, SessionResult, SessionStatus
from watcher.policy import Ended, Observation, PollPolicy
from watcher.ports import RateLimiter
from watcher.scheduler import Due, Scheduler
from watcher.watch import Watch

TIMEOUT = 180.0


class JumpingClock:
    """Time that the simulation moves."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


class Quota:
    """The service's own limit: so many calls in any one second, counted without those it throttles."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._begun: deque[float] = deque()

    def allows(self, now: float) -> bool:
        while self._begun and self._begun[0] <= now - 1.0:
            self._begun.popleft()
        if len(self._begun) + 1 > self._rate + 1e-9:
            return False
        self._begun.append(now)
        return True


@dataclass(frozen=True, slots=True)
class Traffic:
    """Sessions to come: how many, how many a second, how long they last, and how they are told of."""

    sessions: int
    per_second: float
    durations: Durations
    late: tuple[float, float] | None = None
    """Enqueued only so many seconds after their end; those that never end 0 to 60 s after their creation."""
    shifted: Durations | None = None
    """How long those from the middle on last."""


@dataclass(slots=True)
class Session:
    """One session: when it begins, ends (inf: never) and is enqueued; when it was decided."""

    number: int
    born: float
    ends: float
    enqueued: float
    decided: float = math.inf

    @property
    def delay(self) -> float:
        """Seconds from when it could have been decided."""
        return self.decided - max(self.ends, self.enqueued)


@dataclass(slots=True)
class Run:
    """What came of it."""

    sessions: list[Session]
    calls: int = 0
    throttled: int = 0
    lost: int = 0
    spent: dict[int, int] = field(default_factory=dict)

    def part(self, begin: float, end: float = 1.0) -> "Part":
        """Of the sessions in this part of the run (shares of their number)."""
        chosen = self.sessions[int(begin * len(self.sessions)) : int(end * len(self.sessions))]
        delays = sorted(one.delay for one in chosen if one.ends - one.born < TIMEOUT - 1.0)
        return Part(
            calls=sum(self.spent.get(one.number, 0) for one in chosen) / len(chosen),
            mean=sum(delays) / len(delays),
            p95=delays[math.ceil(0.95 * len(delays)) - 1],
            late=sum(one.decided > one.born + TIMEOUT + 0.001 for one in chosen) / len(chosen),
            throttled=self.throttled / max(1, self.calls),
        )


@dataclass(frozen=True, slots=True)
class Part:
    """Figures of a part of a run: delays in seconds; `late` and `throttled` are shares."""

    calls: float
    mean: float
    p95: float
    late: float
    throttled: float


def traffic(plan: Traffic, chance: random.Random) -> list[Session]:
    """The sessions of a run, in the order in which they begin."""
    found, born = [], 0.0
    for number in range(plan.sessions):
        born += chance.expovariate(plan.per_second)
        durations = plan.shifted if plan.shifted and number >= plan.sessions / 2 else plan.durations
        lasts = chance.lognormvariate(math.log(durations.median), durations.sigma)
        ends = math.inf if chance.random() < durations.never else born + lasts
        enqueued = born
        if plan.late:
            told = ends if ends < born + TIMEOUT - 5 else born + chance.uniform(0, 60)
            enqueued = told + chance.uniform(*plan.late)
        found.append(Session(number, born, ends, enqueued))
    return found


MakeWait = Callable[[JumpingClock, Scheduler], wait_base]


def run(
    plan: Traffic, make_wait: MakeWait, limiter: RateLimiter, quota: float, *, seed: int = 1, patience: int = 10**9
) -> Run:
    """Let the watcher's scheduler and policy watch this traffic. `patience`: throttles in a row that lose a session."""
    sessions = traffic(plan, random.Random(seed))
    clock = JumpingClock()
    scheduler = Scheduler(limiter, clock, Beat(clock, 1e12))
    policy = PollPolicy(make_wait(clock, scheduler), clock)
    service, result = Quota(quota), Run(sessions)
    tickets = count()
    waiting = [(one.enqueued, next(tickets), one) for one in sessions]
    heapq.heapify(waiting)
    open_sessions = len(sessions)
    while open_sessions:
        while waiting and waiting[0][0] <= clock.now:
            watch = _watch(heapq.heappop(waiting)[2], clock.now)
            scheduler.add(watch, policy.first_poll(watch))
        found = scheduler.next(clock.now)
        if not isinstance(found, Due):
            coming = waiting[0][0] if waiting else math.inf
            clock.now = min(clock.now + found, max(coming, clock.now))
            continue
        watch = found.watch
        session = sessions[int(watch.key.session_id)]
        result.calls += 1
        result.spent[session.number] = watch.polls + 1
        observation = _poll(session, service, clock.now)
        result.throttled += isinstance(observation, Throttled)
        watch.saw(observation)
        step = policy.next_step(watch, observation)
        if watch.faults >= patience:
            result.lost += 1
            session.decided = session.born + TIMEOUT
            open_sessions -= 1
        elif isinstance(step, Ended):
            session.decided = clock.now
            open_sessions -= 1
        else:
            scheduler.add(watch, clock.now + step.delay)
    return result


def _watch(session: Session, now: float) -> Watch:
    key = SessionKey(str(session.number), "default")
    return Watch(key, session.born, session.born, session.born + TIMEOUT)


def _poll(session: Session, service: Quota, now: float) -> Observation:
    if not service.allows(now):
        return Throttled("Rate exceeded")
    status = SessionStatus.SUCCEEDED if now >= session.ends else SessionStatus.IN_PROGRESS
    if now >= session.born + TIMEOUT:
        status = SessionStatus.EXPIRED
    return SessionResult(str(session.number), status)
