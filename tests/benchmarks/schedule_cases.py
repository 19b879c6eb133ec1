"""The cases that bench_schedule.py measures: all of them for one seed."""

from dataclasses import dataclass, field

from tests.benchmarks import schedule_ideal as ideal
from tests.benchmarks.schedule_bars import Held
from tests.benchmarks.schedule_ideal import Durations, Optimum, Score
from tests.benchmarks.schedule_strategies import EVEN, FINDING, LEARNED, ORACLE, Strategy, knowing
from tests.benchmarks.schedule_world import Part, Traffic, run

QUOTA = 25.0
SMALL_QUOTA = 5.0
LARGE_QUOTA = 100.0
"""For the comparison at equal calls: with a crowd so large that its size hardly changes."""

BASE = Durations(20.0, 0.5, 0.1)
SEEN = 500
"""Ended sessions after which the learned schedule is judged."""

SETTLE = 240.0
"""Seconds after the start, and before the end, that are not judged: the crowd in flight is not full then."""


def per_second(load: float, durations: Durations, quota: float) -> float:
    """Sessions a second that would take `load` times the quota at one poll a second."""
    return load * quota / durations.lived()


def judged(strategy: Strategy, plan: Traffic, quota: float, seed: int = 1) -> Part:
    """The part of a run after the start, once enough has been seen, and before the end."""
    begin = max(SETTLE, SEEN / 0.7 / plan.per_second + 60.0)
    result = run(plan, strategy.policy, strategy.limiter(quota), quota, seed=seed, patience=strategy.patience)
    return result.part(begin, plan.seconds - SETTLE / 3)


def lasting(rate: float, sessions: int = 1000) -> float:
    """Seconds of traffic that leave so many sessions to be judged."""
    return max(SETTLE, SEEN / 0.7 / rate + 60.0) + sessions / rate + SETTLE / 3


@dataclass
class Cases:
    """Measures for one seed; `rows` are figures by section and label, `held` what the bars are held to."""

    seed: int
    rows: dict[tuple[str, str], tuple[float, ...]] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)

    def at_equal_calls(self, calls: tuple[float, ...], sessions: int) -> None:
        """The learned schedule beside others with exactly as many calls per decision."""
        optimum = Optimum(BASE)
        for wanted in calls:
            rate = LARGE_QUOTA / wanted
            plan = Traffic(lasting(rate, sessions), rate, BASE)
            found = judged(LEARNED, plan, LARGE_QUOTA, self.seed)
            part, k, where = found.overall, found.calls, f"k = {wanted:g}"
            fixed, backoff = ideal.at_calls(ideal.fixed, k, BASE), ideal.best_backoff(k, BASE)
            index = ideal.at_calls(lambda threshold: ideal.index(BASE.curve(), threshold), k, BASE)
            best = optimum.at_calls(k)
            self._row("equal", where, k, *_delays(fixed, backoff, index, best, part))
            self._watched(found, where)
            if wanted >= 5:
                self._hold("mean", where, part.mean, 1.15 * best.mean)
                self._hold("p95", where, part.p95, 25 / k)
            self._hold("fixed", where, part.p95, 0.65 * fixed.p95)
            self._hold("backoff", where, part.p95, 0.4 * backoff.p95)

    def under_load(self, loads: tuple[float, ...], strategies: tuple[Strategy, ...], sessions: int) -> None:
        """One quota under more and more load."""
        for load in loads:
            rate, where = per_second(load, BASE, QUOTA), f"{load:.0%}"
            plan = Traffic(lasting(rate, sessions), rate, BASE)
            found = {}
            for strategy in (*strategies, ORACLE, EVEN, knowing(BASE), LEARNED, FINDING):
                part = found[strategy.name] = judged(strategy, plan, QUOTA, self.seed)
                late = part.late / part.sessions
                self._row("load", f"{where:>5}  {strategy.name}", *_cells(part), part.throttled, part.lost, late)
            learned, finding = found[LEARNED.name], found[FINDING.name]
            self._common(learned, found["index that knows"], found[EVEN.name], where)
            if load == 10:
                self._hold("tenfold", where, learned.p95, 8.0)
                self._hold("finding tenfold", where, finding.p95, 8.0)
            self._hold("finding throttled", where, finding.throttled, 0.001)

    def elsewhere(self, spread: list[Durations], loads: tuple[float, ...], sessions: int) -> None:
        """Sessions that last otherwise."""
        for durations in spread:
            for load in loads:
                quota = QUOTA if load > 2 else SMALL_QUOTA
                rate = per_second(load, durations, quota)
                plan = Traffic(lasting(rate, sessions), rate, durations)
                three = (EVEN, knowing(durations), LEARNED)
                even, known, learned = (judged(one, plan, quota, self.seed) for one in three)
                where = f"{durations.median:.0f} s, {durations.sigma}, {durations.never:.0%} at {load:.0%}"
                self._row("other", where, learned.calls, *_delays(even, known, learned))
                self._common(learned, known, even, where)

    def shifts(self, loads: tuple[float, ...], targets: tuple[float, ...], sessions: int) -> None:
        """The durations shift in mid-run: those that began in the next 180 s, and later."""
        for load in loads:
            rate = per_second(load, BASE, QUOTA)
            half = lasting(rate, sessions)
            for median in targets:
                plan = Traffic(2 * half, rate, BASE, shifted=Durations(median, BASE.sigma, BASE.never))
                for strategy in (EVEN, LEARNED):
                    result = run(plan, strategy.policy, strategy.limiter(QUOTA), QUOTA, seed=self.seed)
                    first, later = result.part(half, half + 180), result.part(half + 180, 2 * half - SETTLE / 3)
                    self._row("shift", f"{load:.0%}  20 s -> {median:.0f} s  {strategy.name}", *_delays(first, later))
                self._watched(later, f"shift to {median:.0f} s at {load:.0%}")

    def told_late(self, loads: tuple[float, ...], sessions: int) -> None:
        """Enqueued 0 to 3 s after the end: delays from then."""
        for load in loads:
            rate, where = per_second(load, BASE, QUOTA), f"told late at {load:.0%}"
            plan = Traffic(lasting(rate, sessions), rate, BASE, late=(0.0, 3.0))
            three = (EVEN, knowing(BASE), LEARNED)
            even, known, learned = (judged(one, plan, QUOTA, self.seed) for one in three)
            self._row("late", where, *_delays(even, known, learned))
            self._watched(learned, where)
            self._hold("even", where, learned.mean, even.mean)

    def _row(self, section: str, label: str, *figures: float) -> None:
        self.rows[section, label] = figures

    def _hold(self, bar: str, where: str, found: float, allowed: float) -> None:
        self.held.append(Held(bar, where, found, allowed))

    def _watched(self, part: Part, where: str) -> None:
        """What holds for the learned schedule everywhere."""
        self._hold("throttled", where, part.throttled, 0.001)
        self._hold("late", where, part.late / part.sessions, 0.0005)

    def _common(self, learned: Part, known: Part, even: Part, where: str) -> None:
        self._watched(learned, where)
        self._hold("known", where, learned.mean, 1.15 * known.mean)
        self._hold("even", where, learned.mean, even.mean)


def _cells(part: Part) -> tuple[float, float, float]:
    return part.calls, part.mean, part.p95


def _delays(*parts: Part | Score) -> list[float]:
    return [figure for part in parts for figure in (part.mean, part.p95)]
