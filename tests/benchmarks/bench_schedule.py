"""When polls are placed, and what it brings: `python tests/benchmarks/bench_schedule.py [--quick]`.

The watcher's scheduler, poll policy, limiter and learned schedule on a clock that jumps, in front of a service with a
quota. A call takes no time here: what is measured is the order of the calls, not their duration. Delays are from a
session's end (or from when it was enqueued, if that was later) to its decision, of the sessions that end; what the
learned schedule is judged by comes after it has seen 500 sessions end.
"""

import argparse
import time
from dataclasses import dataclass

from tests.benchmarks import schedule_ideal as ideal
from tests.benchmarks.schedule_ideal import Durations, Optimum, Score
from tests.benchmarks.schedule_strategies import EVEN, FINDING, LEARNED, ORACLE, OTHERS, Strategy, knowing
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


@dataclass(slots=True)
class Bar:
    """What is promised: the worst that was found of it, in shares of what is allowed."""

    text: str
    worst: float = 0.0
    where: str = ""

    def hold(self, found: float, allowed: float, where: str) -> None:
        """Take in one case."""
        if found / allowed >= self.worst:
            self.worst, self.where = found / allowed, f"{found:.4g} of {allowed:.4g}, {where}"


class Bars:
    """All that is promised."""

    def __init__(self) -> None:
        self.mean = Bar("mean at most 1.15 times the optimum's, k 5 to 20")
        self.p95 = Bar("p95 at most 25/k s, k 5 to 20")
        self.fixed = Bar("p95 at most 0.65 of fixed's at equal k")
        self.backoff = Bar("p95 at most 0.4 of best-tuned backoff's (full jitter) at equal k")
        self.known = Bar("mean within 15 % of the index that knows")
        self.even = Bar("mean never worse than even sharing's (4 % for chance)")
        self.throttled = Bar("throttled at most 0.1 %")
        self.tenfold = Bar("p95 at most 8 s at 1000 %")
        self.finding_throttled = Bar("throttled at most 0.1 %, where the limiter has to find the quota")
        self.finding_tenfold = Bar("p95 at most 8 s at 1000 %, where the limiter has to find the quota")
        self.late = Bar("at most 0.05 % past 180 s")

    def watched(self, part: Part, where: str) -> None:
        """What holds for the learned schedule everywhere."""
        self.throttled.hold(part.throttled, 0.001, where)
        self.late.hold(part.late / part.sessions, 0.0005, where)

    def report(self) -> None:
        """A line for each."""
        print("\nBars (worst case of each)")
        for bar in vars(self).values():
            print(f"{'met   ' if bar.worst <= 1.0 else 'MISSED'}  {bar.text}: {bar.where or 'not measured'}")


def per_second(load: float, durations: Durations, quota: float) -> float:
    """Sessions a second that would take `load` times the quota at one poll a second."""
    return load * quota / durations.lived()


def judged(strategy: Strategy, plan: Traffic, quota: float) -> Part:
    """The part of a run after the start, once enough has been seen, and before the end."""
    begin = max(SETTLE, SEEN / 0.7 / plan.per_second + 60.0)
    result = run(plan, strategy.wait, strategy.limiter(quota), quota, patience=strategy.patience)
    return result.part(begin, plan.seconds - SETTLE / 3)


def lasting(rate: float, sessions: int = 1000) -> float:
    """Seconds of traffic that leave so many sessions to be judged."""
    return max(SETTLE, SEEN / 0.7 / rate + 60.0) + sessions / rate + SETTLE / 3


def cells(part: Part | Score) -> str:
    return f"{part.mean:7.2f} /{part.p95:6.2f}"


def at_equal_calls(bars: Bars, calls: tuple[float, ...], sessions: int) -> None:
    print("Calls per decision k, at equal k: mean / p95 delay in s, sessions that never end counted with none")
    print("     k |     fixed int. |   best backoff|  index, exact |       optimum |     learned")
    optimum = Optimum(BASE)
    for wanted in calls:
        rate = LARGE_QUOTA / wanted
        found = judged(LEARNED, Traffic(lasting(rate, sessions), rate, BASE), LARGE_QUOTA)
        part, k, where = found.overall, found.calls, f"k = {found.calls:.2f}"
        fixed, backoff = ideal.at_calls(ideal.fixed, k, BASE), ideal.best_backoff(k, BASE)
        index = ideal.at_calls(lambda threshold: ideal.index(BASE.curve(), threshold), k, BASE)
        best = optimum.at_calls(k)
        print(f"{k:6.2f} | " + " | ".join(cells(one) for one in (fixed, backoff, index, best, part)), flush=True)
        bars.watched(found, where)
        if wanted >= 5:
            bars.mean.hold(part.mean, 1.15 * best.mean, where)
            bars.p95.hold(part.p95, 25 / k, where)
        bars.fixed.hold(part.p95, 0.65 * fixed.p95, where)
        bars.backoff.hold(part.p95, 0.4 * backoff.p95, where)


def under_load(bars: Bars, loads: tuple[float, ...], strategies: tuple[Strategy, ...], sessions: int) -> None:
    print(f"\nThe quota of {QUOTA:.0f} calls a second under loads in % of what a poll a second takes")
    print(f"{'load':>5}  {'strategy':<21} {'k':>6}  {'mean / p95 s':>15}  throttled    lost  past 180 s")
    for load in loads:
        rate = per_second(load, BASE, QUOTA)
        found = {}
        for strategy in (*strategies, ORACLE, EVEN, knowing(BASE), LEARNED, FINDING):
            part = found[strategy.name] = judged(strategy, Traffic(lasting(rate, sessions), rate, BASE), QUOTA)
            print(
                f"{load:>5.0%}  {strategy.name:<21} {part.calls:6.2f}  {cells(part)}  {part.throttled:9.2%}"
                f"  {part.lost:6.1%}  {part.late / part.sessions:10.3%}",
                flush=True,
            )
        learned, where = found["learned"], f"{load:.0%}"
        hold_common(bars, learned, found["index that knows"], found["even sharing"], where)
        if load == 10:
            bars.tenfold.hold(learned.p95, 8.0, where)
            bars.finding_tenfold.hold(found[FINDING.name].p95, 8.0, where)
        bars.finding_throttled.hold(found[FINDING.name].throttled, 0.001, where)


def hold_common(bars: Bars, learned: Part, known: Part, even: Part, where: str) -> None:
    bars.watched(learned, where)
    bars.known.hold(learned.mean, 1.15 * max(known.mean, 0.05), where)
    bars.even.hold(learned.mean, 1.04 * max(even.mean, 0.05), where)


def elsewhere(bars: Bars, spread: list[Durations], loads: tuple[float, ...], sessions: int) -> None:
    print("\nOther durations: mean / p95 s")
    print("median sigma never  load       k |       even sharing | index that knows |      learned")
    for durations in spread:
        for load in loads:
            quota = QUOTA if load > 2 else SMALL_QUOTA
            rate = per_second(load, durations, quota)
            plan = Traffic(lasting(rate, sessions), rate, durations)
            even, known, learned = (judged(one, plan, quota) for one in (EVEN, knowing(durations), LEARNED))
            where = f"{durations.median:.0f} s, {durations.sigma}, {durations.never:.0%} at {load:.0%}"
            print(
                f"{durations.median:6.0f} {durations.sigma:5.1f} {durations.never:5.0%} {load:5.0%}"
                f"  {learned.calls:6.2f} | {cells(even):>18} | {cells(known):>16} | {cells(learned)}",
                flush=True,
            )
            hold_common(bars, learned, known, even, where)


def shifts(bars: Bars, loads: tuple[float, ...], targets: tuple[float, ...], sessions: int) -> None:
    print("\nThe durations shift in mid-run: mean / p95 s of those that began in the next 180 s, and later")
    for load in loads:
        rate = per_second(load, BASE, QUOTA)
        half = lasting(rate, sessions)
        for median in targets:
            plan = Traffic(2 * half, rate, BASE, shifted=Durations(median, BASE.sigma, BASE.never))
            for strategy in (EVEN, LEARNED):
                result = run(plan, strategy.wait, strategy.limiter(QUOTA), QUOTA)
                first, later = result.part(half, half + 180), result.part(half + 180, 2 * half - SETTLE / 3)
                print(
                    f"{load:5.0%}  20 s -> {median:.0f} s  {strategy.name:<13} {cells(first)}  {cells(later)}",
                    flush=True,
                )
            bars.watched(later, f"shift to {median:.0f} s at {load:.0%}")


def told_late(bars: Bars, loads: tuple[float, ...], sessions: int) -> None:
    print("\nEnqueued 0 to 3 s after the end: mean / p95 s from then")
    for load in loads:
        rate = per_second(load, BASE, QUOTA)
        plan = Traffic(lasting(rate, sessions), rate, BASE, late=(0.0, 3.0))
        even, known, learned = (judged(one, plan, QUOTA) for one in (EVEN, knowing(BASE), LEARNED))
        print(f"{load:5.0%}  even {cells(even)}   knows {cells(known)}   learned {cells(learned)}", flush=True)
        bars.watched(learned, f"told late at {load:.0%}")
        bars.even.hold(learned.mean, 1.04 * max(even.mean, 0.05), f"told late at {load:.0%}")


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    begun, bars = time.monotonic(), Bars()
    if options.quick:
        at_equal_calls(bars, (5, 8), 5000)
        under_load(bars, (0.95, 10), OTHERS[-1:], 500)
        elsewhere(bars, [Durations(12, 0.9, 0.3), Durations(35, 0.5, 0.02)], (10,), 1000)
        shifts(bars, (10,), (35,), 1000)
        told_late(bars, (10,), 1000)
    else:
        at_equal_calls(bars, (3, 3.84, 5, 6.5, 8, 10, 13, 20), 9000)
        under_load(bars, (0.3, 0.7, 0.95, 1.5, 10), OTHERS, 600)
        spread = [Durations(m, s, n) for m in (12, 20, 35) for s in (0.5, 0.9) for n in (0.02, 0.1, 0.3)]
        elsewhere(bars, spread, (1.5, 10), 1000)
        shifts(bars, (1.5, 10), (12, 35), 1000)
        told_late(bars, (0.95, 1.5, 10), 1000)
    bars.report()
    print(f"\n{time.monotonic() - begun:.0f} s")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="half a minute instead of five")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
