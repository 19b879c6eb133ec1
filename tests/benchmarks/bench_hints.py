"""What hints that a person has finished bring: `python tests/benchmarks/bench_hints.py [--quick] [--plots DIR]`.

The watcher's scheduler, poll policy, learned schedule and hints on a clock that jumps, as in bench_schedule.py.
Sessions last log-normally (median 20 s, sigma 0.5), one in ten never ends; hints come log-normally late (median
0.35 s, sigma 0.6). Calls count every poll; delays are from a session's end to its decision, of the sessions that end.

Beside it: the best that polls without hints can do with as many calls, computed exactly; a back end that asks once
when a hint comes, and loses the rest; and an oracle that asks once, at the end.
"""

import argparse
import math
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, only this folder is on the path

from tests.benchmarks.schedule_bars import HINT_BARS, Held, report
from tests.benchmarks.schedule_cases import BASE, QUOTA, SETTLE, judged, lasting, per_second
from tests.benchmarks.schedule_ideal import Optimum
from tests.benchmarks.schedule_strategies import FINDING, LEARNED
from tests.benchmarks.schedule_world import Flood, Part, Traffic, run

SEEDS = 5
RATE = 4.0
"""Sessions a second, where the quota is no limit."""

MOST = {
    0.9: (2.4, 0.45, 7.0, 1.2),
    0.95: (2.0, 0.45, 1.7, 1.0),
    0.98: (1.5, 0.45, 1.1, 0.9),
    1.0: (1.2, 0.45, 1.0, 0.5),
}
"""By the share announced: calls per decision, and p50, p95 and mean of the delay in seconds, at most."""

STOPPED_AFTER = 30
"""Sessions that end after hints stop, before the schedule has to be as good as without."""

Rows = dict[str, tuple[float, ...]]


@dataclass
class Cases:
    """Measures for one seed; `rows` are figures by label, `held` what the bars are held to."""

    seed: int
    sessions: int
    rows: Rows = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)

    def shares(self) -> None:
        """More and more ends are announced; the quota is no limit."""
        for share in (0.0, 0.5, 0.8, *MOST):
            part = judged(
                LEARNED, Traffic(lasting(RATE, self.sessions), RATE, BASE, announced=share), QUOTA, self.seed
            )
            self._row(f"{share:.0%} announced", part)
            for name, found, most in zip(
                ("calls", "p50", "p95", "mean"),
                (part.calls, part.p50, part.p95, part.mean),
                MOST.get(share, ()),
                strict=False,
            ):
                self._hold(f"hinted {name}", f"{share:.0%}", found, most)

    def load(self) -> None:
        """Ten times what a poll a second of each session would take."""
        rate = per_second(10, BASE, QUOTA)
        for strategy in (LEARNED, FINDING):
            for share in (0.0, 0.95):
                plan = Traffic(lasting(rate, self.sessions), rate, BASE, announced=share)
                part = judged(strategy, plan, QUOTA, self.seed)
                self._row(f"1000 %, {strategy.name}, {share:.0%}", part)
                if share:
                    self._hold("hinted load", strategy.name, part.p95, 2.0)
                    self._hold("hinted throttled", strategy.name, part.throttled, 0.002)
                    self._hold("late", f"1000 %, {strategy.name}", part.late / part.sessions, 0.0005)

    def stop(self) -> None:
        """Hints stop in mid-run: those that begin after 30 sessions have ended, and what would be without hints."""
        half = lasting(RATE, self.sessions)
        plan = Traffic(2 * half, RATE, BASE, announced=0.95, hints_until=half)
        begin = half + STOPPED_AFTER / RATE / (1 - BASE.never)
        never = Traffic(2 * half, RATE, BASE)
        parts = []
        for one in (plan, never):
            result = run(one, LEARNED.policy, LEARNED.limiter(QUOTA), QUOTA, seed=self.seed)
            parts.append(result.part(begin, 2 * half - SETTLE / 3))
        with_hints, without = parts
        self._row("hints stopped", with_hints)
        self._row("never any", without)
        self._hold("hinted stop", "mean", with_hints.mean, 1.1 * without.mean)
        self._hold("hinted stop", "p95", with_hints.p95, 1.1 * without.p95)
        self._hold("hinted stop", "calls", with_hints.calls, 1.1 * without.calls)

    def flood(self) -> None:
        """10,000 false hints a second, for a tenth of the sessions and for ids that are unknown or decided."""
        rate = per_second(10, BASE, QUOTA)
        seconds = lasting(rate, self.sessions)
        calm = Flood(0.0, 0.1, SETTLE)
        parts = []
        for flood in (calm, replace(calm, per_second=10_000.0)):
            plan = Traffic(seconds, rate, BASE, announced=0.5, flood=flood)
            result = run(plan, LEARNED.policy, LEARNED.limiter(QUOTA), QUOTA, seed=self.seed)
            parts.append(result.part(SETTLE, seconds - SETTLE / 3))
        calm_part, flooded = parts
        self._row("the others, without a flood", calm_part)
        self._row("the others, in a flood", flooded)
        self._hold("hinted flood", "p95 of the others", flooded.p95, 1.1 * calm_part.p95)

    def _row(self, label: str, part: Part) -> None:
        late = part.late / part.sessions
        self.rows[label] = (part.calls, part.p50, part.p95, part.mean, part.throttled, late)

    def _hold(self, bar: str, where: str, found: float, allowed: float) -> None:
        self.held.append(Held(bar, where, found, allowed))


def quick(seed: int) -> Cases:
    """Enough to see that it works."""
    cases = Cases(seed, 500)
    cases.shares()
    return cases


def full(seed: int) -> Cases:
    """All of it, for one seed."""
    cases = Cases(seed, 3000)
    cases.shares()
    cases.load()
    cases.stop()
    cases.flood()
    return cases


def beside(rows: Rows) -> Iterator[str]:
    """What the same calls bring without hints, and two that ask once."""
    optimum = Optimum(BASE)
    for share in MOST:
        calls = rows[f"{share:.0%} announced"][0]
        score = optimum.at_calls(calls)
        yield f"polling optimum with {calls:.2f} calls: p95 {score.p95:.0f} s, mean {score.mean:.1f} s"
    chance = random.Random(1)
    delays = sorted(chance.lognormvariate(math.log(0.35), 0.6) for _ in range(10_000))
    yield (
        f"one call with the hint: p50 {delays[5000]:.2f} s, p95 {delays[9500]:.2f} s of those announced; "
        f"the others are lost"
    )
    yield "oracle, one call at the end: 0 s"


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    begun = time.monotonic()
    with ProcessPoolExecutor() as pool:
        found = list(pool.map(quick if options.quick else full, range(1, options.seeds + 1)))
    rows = {
        label: tuple(fmean(figures) for figures in zip(*(one.rows[label] for one in found), strict=True))
        for label in found[0].rows
    }
    print(f"{'':<34} calls    p50    p95   mean  throttled  past 180 s")
    for label, (calls, p50, p95, mean, throttled, late) in rows.items():
        print(f"{label:<34} {calls:5.2f} {p50:6.2f} {p95:6.2f} {mean:6.2f}  {throttled:9.3%} {late:11.3%}")
    print("\n".join(beside(rows)))
    report([held for one in found for held in one.held], HINT_BARS)
    if options.plots:
        from tests.benchmarks.schedule_plots import plot_hints

        print(plot_hints(rows, options.plots))
    print(f"\n{options.seeds} seeds, {time.monotonic() - begun:.0f} s")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a minute instead of ten")
    parser.add_argument("--seeds", type=int, default=SEEDS, choices=range(2, 11), metavar="N", help="2 to 10")
    parser.add_argument("--plots", metavar="DIR", help="write hints.png there; needs matplotlib")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
