"""Sessions, a service with a quota and a clock that jumps, around the watcher's scheduler, policy and limiter."""

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from tests.benchmarks.schedule_ideal import KEPT, Durations, Score
from watcher.domain.errors import Throttled
from watcher.domain.model import SessionResult, SessionStatus
from watcher.domain.ports import RateLimiter
from watcher.polling.policy import Ended, Observation, PollPolicy
from watcher.polling.scheduler import Due, Scheduler
from watcher.sessions.session import Session
from watcher.telemetry.health import Beat

TIMEOUT = 180.0


class JumpingClock:
    """Time that the simulation moves."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch of time (`begin` <= now < `end`) in which the service throttles every call."""

    begin: float = math.inf
    end: float = math.inf


class Quota:
    """The service's own limit: so many calls in any one second, counted without those it throttles."""

    def __init__(self, rate: float, outage: Outage) -> None:
        self._rate, self._outage = rate, outage
        self._begun: deque[float] = deque()

    def allows(self, now: float) -> bool:
        if self._outage.begin <= now < self._outage.end:
            return False
        while self._begun and self._begun[0] <= now - 1.0:
            self._begun.popleft()
        if len(self._begun) + 1 > self._rate + 1e-9:
            return False
        self._begun.append(now)
        return True


@dataclass(frozen=True, slots=True)
class Traffic:
    """Sessions to come: for how long, how many a second, how long they last, and how they are told of."""

    seconds: float
    per_second: float
    durations: Durations
    late: tuple[float, float] | None = None
    """Enqueued only so many seconds after their end; those that never end 0 to 60 s after their creation."""
    shifted: Durations | None = None
    """How long those from the middle on last."""


@dataclass(slots=True)
class ScriptedSession:
    """One session: when it begins, ends (inf: never) and is enqueued; when it was decided, and if without its end."""

    number: int
    born: float
    ends: float
    enqueued: float
    decided: float = math.inf
    lost: bool = False
    timed_out: bool = False

    @property
    def delay(self) -> float:
        """Seconds from when it could have been decided."""
        return self.decided - max(self.ends, self.enqueued)


@dataclass(slots=True)
class Run:
    """What came of it."""

    sessions: list[ScriptedSession]
    calls: int = 0
    throttled: int = 0
    spent: dict[int, int] = field(default_factory=dict)

    def part(self, begin: float, end: float) -> "Part":
        """Of the sessions that began between these moments."""
        chosen = [one for one in self.sessions if begin <= one.born < end]
        delays = sorted(one.delay for one in chosen if one.ends - one.born < KEPT)
        calls = sum(self.spent.get(one.number, 0) for one in chosen) / len(chosen)
        return Part(
            sessions=len(chosen),
            calls=calls,
            mean=sum(delays) / len(delays),
            p95=delays[math.ceil(0.95 * len(delays)) - 1],
            overall=_overall(delays, calls, len(chosen)),
            late=sum(one.decided > one.born + TIMEOUT + 0.001 for one in chosen),
            lost=sum(one.lost for one in chosen) / len(chosen),
            throttled=self.throttled / max(1, self.calls),
        )


@dataclass(frozen=True, slots=True)
class Part:
    """Figures of a part of a run.

    `calls` are per decision; `mean` and `p95` the delay of those that ended, in seconds; `late` how many were decided
    after their 180 s; `overall` counts those that never end, with no delay;
    `lost` the share that nobody decided; `throttled` the share of all calls of the run.
    """

    sessions: int
    calls: float
    mean: float
    p95: float
    overall: Score
    late: int
    lost: float
    throttled: float


def _overall(delays: list[float], calls: float, sessions: int) -> Score:
    everyone = [0.0] * (sessions - len(delays)) + delays
    return Score(calls, sum(delays) / sessions, everyone[math.ceil(0.95 * sessions) - 1])


def traffic(plan: Traffic, chance: random.Random) -> list[ScriptedSession]:
    """The sessions of a run, in the order in which they begin."""
    found: list[ScriptedSession] = []
    born = 0.0
    while (born := born + chance.expovariate(plan.per_second)) < plan.seconds:
        durations = plan.shifted if plan.shifted and born >= plan.seconds / 2 else plan.durations
        ends = born + durations.draw(chance)
        enqueued = born
        if plan.late:
            told = ends if ends < born + TIMEOUT - 5 else born + chance.uniform(0, 60)
            enqueued = told + chance.uniform(*plan.late)
        found.append(ScriptedSession(len(found), born, ends, enqueued))
    return found


MakePolicy = Callable[[JumpingClock, Scheduler, list[ScriptedSession]], PollPolicy]


def run(
    plan: Traffic,
    make_policy: MakePolicy,
    limiter: RateLimiter,
    quota: float,
    *,
    seed: int = 1,
    patience: int = 10**9,
    outage: Outage | None = None,
) -> Run:
    """Let the watcher's scheduler and policy watch this. `patience`: throttles in a row that lose a session."""
    sessions = traffic(plan, random.Random(seed))
    clock = JumpingClock()
    scheduler = Scheduler(limiter, clock, Beat(clock, "scheduler", is_shared=True))
    policy = make_policy(clock, scheduler, sessions)
    service, result = Quota(quota, outage or Outage()), Run(sessions)
    tickets = count()
    waiting = [(one.enqueued, next(tickets), one) for one in sessions]
    heapq.heapify(waiting)
    open_sessions = len(sessions)
    while open_sessions:
        while waiting and waiting[0][0] <= clock.now:
            session = _session(heapq.heappop(waiting)[2], clock.now)
            scheduler.add(session, policy.first_poll(session))
        found = scheduler.poll_next(clock.now)
        if not isinstance(found, Due):
            coming = waiting[0][0] if waiting else math.inf
            clock.now = min(clock.now + found, max(coming, clock.now))
            continue
        session = found.session
        scripted = sessions[int(session.key.session_id)]
        if found.is_over:
            policy.forget(session)
            scripted.decided, scripted.timed_out = clock.now, True
            open_sessions -= 1
            continue
        result.calls += 1
        result.spent[scripted.number] = session.polls + 1
        observation = _poll(scripted, service, clock.now)
        scheduler.record_result(throttled=isinstance(observation, Throttled))
        result.throttled += isinstance(observation, Throttled)
        session.record(observation)
        step = policy.next_step(session, observation)
        if session.throttles >= patience:
            scripted.lost, scripted.decided = True, scripted.born + TIMEOUT
            open_sessions -= 1
        elif isinstance(step, Ended):
            scripted.decided, scripted.timed_out = clock.now, not _is_success(observation)
            open_sessions -= 1
        else:
            scheduler.add(session, clock.now + step.delay)
    return result


def _session(scripted: ScriptedSession, now: float) -> Session:
    return Session(str(scripted.number), "default", scripted.born, 0.0, TIMEOUT)


def _is_success(observation: Observation) -> bool:
    return isinstance(observation, SessionResult) and observation.status is SessionStatus.SUCCEEDED


def _poll(scripted: ScriptedSession, service: Quota, now: float) -> Observation:
    if not service.allows(now):
        return Throttled("Rate exceeded")
    status = SessionStatus.SUCCEEDED if now >= scripted.ends else SessionStatus.IN_PROGRESS
    if now >= scripted.born + TIMEOUT:
        status = SessionStatus.EXPIRED
    return SessionResult(str(scripted.number), status)
