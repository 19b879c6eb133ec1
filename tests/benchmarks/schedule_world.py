"""Sessions, a service with a quota and a clock that jumps, around the watcher's scheduler, policy and limiter."""

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count, cycle, islice

from tests.benchmarks.schedule_ideal import KEPT, Durations, Score
from watcher.domain.active_rules import ActiveRules, Rules
from watcher.domain.errors import Throttled
from watcher.domain.hints import HintSource
from watcher.domain.model import Lease, SessionResult, SessionStatus
from watcher.domain.ports import RateLimiter
from watcher.polling.hints import Hints
from watcher.polling.policy import Ended, Observation, PollPolicy
from watcher.polling.scheduler import Due, Scheduler
from watcher.sessions.in_flight import InFlight
from watcher.sessions.session import Session
from watcher.telemetry.health import Beat
from watcher.telemetry.metrics import Metrics

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
    announced: float = 0.0
    """Share of ends that a hint announces,"""
    hint_delay: tuple[float, float] = (0.35, 0.6)
    """so late: log-normal, its median in seconds and its sigma."""
    hints_until: float = math.inf
    """When hints stop."""
    flood: "Flood | None" = None


@dataclass(frozen=True, slots=True)
class Flood:
    """False hints: so many a second, for a share of the sessions in flight, from this second on."""

    per_second: float
    victims: float
    begin: float


@dataclass(slots=True)
class ScriptedSession:
    """One session: when it begins, ends (inf: never) and is enqueued; when it was decided, and if without its end."""

    number: int
    born: float
    ends: float
    enqueued: float
    announced: float = math.inf
    is_victim: bool = False
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

    def part(self, begin: float, end: float, *, victims: bool = False) -> "Part":
        """Of the sessions that began between these moments; of those that no false hint is for, or of all."""
        chosen = [one for one in self.sessions if begin <= one.born < end and (victims or not one.is_victim)]
        delays = sorted(one.delay for one in chosen if one.ends - one.born < KEPT)
        calls = sum(self.spent.get(one.number, 0) for one in chosen) / len(chosen)
        return Part(
            sessions=len(chosen),
            calls=calls,
            mean=sum(delays) / len(delays),
            p50=delays[math.ceil(0.5 * len(delays)) - 1],
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
    p50: float
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
    if plan.announced:
        _announce(plan, found, chance)
    if plan.flood:
        for one in found:
            one.is_victim = chance.random() < plan.flood.victims
    return found


def _announce(plan: Traffic, sessions: list[ScriptedSession], chance: random.Random) -> None:
    median, sigma = plan.hint_delay
    for one in sessions:
        late = chance.lognormvariate(math.log(median), sigma)
        if chance.random() < plan.announced and one.ends < one.born + TIMEOUT and one.ends < plan.hints_until:
            one.announced = max(one.ends + late, one.enqueued)


MakePolicy = Callable[[JumpingClock, Scheduler, list[ScriptedSession]], PollPolicy]


class World:
    """The watcher's parts around a clock that jumps, and what is still to happen."""

    def __init__(self, plan: Traffic, make_policy: MakePolicy, limiter: RateLimiter, seed: int) -> None:
        self.plan, self.sessions, self.clock = plan, traffic(plan, random.Random(seed)), JumpingClock()
        self.scheduler = Scheduler(limiter, self.clock, Beat(self.clock, "scheduler", is_shared=True))
        self.policy = make_policy(self.clock, self.scheduler, self.sessions)
        self.in_flight = InFlight(len(self.sessions) + 1)
        self.hints = Hints(
            in_flight=self.in_flight,
            scheduler=self.scheduler,
            active_rules=ActiveRules(Rules({}, self.policy, TIMEOUT)),
            clock=self.clock,
            metrics=Metrics(),
        )
        self._tickets = count()
        self._to_come: list[tuple[float, int, Callable[[], object]]] = []
        for one in self.sessions:
            self._plan(one.enqueued, partial(self._begin, one))
            if one.announced < math.inf:
                self._plan(one.announced, partial(self.hints.announce, str(one.number), HintSource.S3))
        if plan.flood is not None:
            self._plan(plan.flood.begin, partial(self._flood, plan.flood))

    def advance(self, seconds: float) -> None:
        """Let so much time pass, but not more than until something happens."""
        coming = self._to_come[0][0] if self._to_come else math.inf
        self.clock.now = min(self.clock.now + seconds, max(coming, self.clock.now))

    def happen(self) -> None:
        """All that is to happen by now."""
        while self._to_come and self._to_come[0][0] <= self.clock.now:
            heapq.heappop(self._to_come)[2]()

    def end(self, session: Session) -> None:
        """A session is decided, or lost."""
        self.hints.ended(session)
        self.in_flight.finish(session)

    def _plan(self, at: float, what: Callable[[], object]) -> None:
        heapq.heappush(self._to_come, (at, next(self._tickets), what))

    def _begin(self, scripted: ScriptedSession) -> None:
        session, lease = _session(scripted, self.clock.now), Lease(str(scripted.number), str(scripted.number))
        self.in_flight.track([lease], self.clock.now)
        self.in_flight.add(session, lease)
        self.scheduler.add(session, self.policy.first_poll(session))

    def _flood(self, flood: "Flood") -> None:
        """A tenth of a second of false hints: for the victims in flight in turn, and for unknown and decided ones."""
        now = self.clock.now
        victims = [str(one.number) for one in self.sessions if one.is_victim and one.enqueued <= now < one.decided]
        others = [f"unknown {now} {number}" for number in range(len(victims))] + ["0"] * len(victims)
        for session_id in islice(cycle([*victims, *others]), int(flood.per_second / 10)):
            self.hints.announce(session_id, HintSource.S3)
        if now < self.plan.seconds:
            self._plan(now + 0.1, partial(self._flood, flood))


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
    world = World(plan, make_policy, limiter, seed)
    service, result = Quota(quota, outage or Outage()), Run(world.sessions)
    open_sessions = len(world.sessions)
    while open_sessions:
        world.happen()
        found = world.scheduler.poll_next(world.clock.now)
        if not isinstance(found, Due):
            world.advance(found)
        elif _is_over(world, found, service, result, patience):
            world.end(found.session)
            open_sessions -= 1
    return result


def _is_over(world: World, due: Due, service: Quota, result: Run, patience: int) -> bool:
    """Poll a session, or end it because its time is over; returns whether that was its end."""
    session, now = due.session, world.clock.now
    scripted = world.sessions[int(session.key.session_id)]
    if due.is_over:
        world.policy.forget(session)
        scripted.decided, scripted.timed_out = now, True
        return True
    observation = _poll(scripted, service, now)
    is_throttled = isinstance(observation, Throttled)
    result.calls += 1
    result.throttled += is_throttled
    result.spent[scripted.number] = session.polls + 1
    world.scheduler.record_result(throttled=is_throttled)
    session.record(observation)
    step = world.policy.next_step(session, observation)
    if session.throttles >= patience:
        scripted.lost, scripted.decided = True, scripted.born + TIMEOUT
        return True
    if isinstance(step, Ended):
        scripted.decided, scripted.timed_out = now, not _is_success(observation)
        return True
    world.scheduler.add(session, now + step.delay, is_hinted=step.is_hinted)
    return False


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
