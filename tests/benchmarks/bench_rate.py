"""How well a rate finds the account's quota by itself: `python tests/benchmarks/bench_rate.py [--quick]`.

The real `AdaptiveRate` of 1 to 8 watchers against one token-bucket quota, in virtual time: calls take 30 to 60 ms,
each watcher has 16 workers and always work. The bucket holds 0.1, 1, 5 or 10 seconds' worth, for nobody outside
of AWS knows how large theirs is. Every watcher starts at 25 calls a second, whatever the quota is.

used, throttled: shares of the quota and of the calls, over 20 minutes of steady state after two of warm-up. uneven:
how far the share of the watcher that is furthest off is from the mean, over these 20 minutes; 5 min: over five, the
median of four. doubled, halved: seconds after the quota's change until a five-second window uses 90 % of it, or has
under 2 % throttled; joined (both), left (90 %) likewise; the median of four moments. Each figure is that of the
middle seed and, after the stroke, of the worst; and so are the verdicts.

Beside it, with a one-second bucket: botocore's own "adaptive" retry mode (CUBIC), and rates fixed by hand at 95 % of
the quota through the number of watchers that there are, which is all one can get but finds nothing again.
"""

import argparse
import sys
import time
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, only this folder is on the path

from tests.benchmarks.rate_bars import bars
from tests.benchmarks.rate_circumstances import CIRCUMSTANCES, under
from tests.benchmarks.rate_limiters import LIMITERS, START
from tests.benchmarks.rate_measure import CHANGES, Case, Figures, Plan, Seen, measure, middle, worst
from watcher.rate_limit import AdaptiveRate

QUOTAS, WATCHERS = (5, 25, 100), (1, 2, 4, 8)
SECOND = 1.0
OTHER_BURSTS = (0.1, 5.0, 10.0)

FULL = Plan(warm_up=120.0, steady=1200.0, changed=120.0, moments=4, seeds=8)
FEWER = FULL._replace(seeds=3)
ONCE = FULL._replace(seeds=1, moments=2)
QUICK = Plan(warm_up=60.0, steady=120.0, changed=60.0, moments=1, seeds=1)


def pair(half: float, whole: float, form: str) -> str:
    """The figure of the middle seed and of the worst."""
    return f"{half:{form}}" if half == whole else f"{half:{form}}/{whole:{form}}"


def row(case: Case, seen: list[Seen]) -> str:
    half, whole = middle(seen), worst(seen)
    found = [pair(half.found[name], whole.found[name], ".0f") if name in half.found else "-" for name in CHANGES]
    return (
        f"{case.quota:>5} {case.watchers:>8}  {pair(half.used * 100, whole.used * 100, '.1f'):>11}"
        f" {pair(half.throttled * 100, whole.throttled * 100, '.2f'):>9}"
        f" {pair(half.uneven * 100, whole.uneven * 100, '.0f'):>7}"
        f" {pair(half.uneven_short * 100, whole.uneven_short * 100, '.0f'):>7} "
        + " ".join(f"{cell:>8}" for cell in found)
        + f"  {verdicts(half, whole)}"
    )


def verdicts(half: Figures, whole: Figures) -> str:
    usual, at_worst = half.verdict(), whole.verdict()
    return usual if usual == at_worst else f"{usual} | worst: {at_worst}"


def table(pool: Executor, limiter: str, burst: float, plan: Plan, watchers: tuple[int, ...]) -> None:
    print(f"\n{limiter}, bucket of {burst:g} s")
    print(
        f"{'quota':>5} {'watchers':>8}  {'used %':>11} {'throttl%':>9} {'uneven%':>7} {'5 min':>7} "
        + " ".join(f"{name:>8}" for name in CHANGES)
    )
    cases = [
        Case(limiter, quota, number, burst, plan, 1000 * seed + quota * number)
        for quota in QUOTAS
        for number in watchers
        for seed in range(plan.seeds)
    ]
    seen = list(pool.map(measure, cases))
    for first in range(0, len(cases), plan.seeds):
        print(row(cases[first], seen[first : first + plan.seeds]), flush=True)


def circumstances(pool: Executor, seeds: int, seconds: float) -> None:
    print("\nadaptive, other circumstances: 4 watchers, 25 calls a second, bucket of 1 s; the worst seed")
    for name in CIRCUMSTANCES:
        found = list(pool.map(under, [name] * seeds, range(seeds), [seconds] * seeds))
        print(
            f"{min(one.used for one in found):>7.1%} used {max(one.throttled for one in found):>6.2%} throttled"
            f" {max(one.uneven for one in found):>4.0%} uneven  {name}",
            flush=True,
        )


def microseconds(calls: int) -> float:
    """CPU time of one call's way through the real class: refused once, given leave, ended."""
    limiter, now = AdaptiveRate(START), 0.0
    begun = time.thread_time()
    for _ in range(calls):
        now += limiter.acquire(now)
        now += limiter.acquire(now)
        limiter.on_response(now, throttled=False)
    return (time.thread_time() - begun) / calls * 1e6


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few seconds instead of minutes, and less to rely on")
    quick = parser.parse_args(arguments).quick
    watchers = (1, 8) if quick else WATCHERS
    ours, *others = LIMITERS
    print("goal: 95 % used, 1 % throttled; least: 90 % and 2 %; shares within 30 %;")
    print("found again within 30 s")
    with ProcessPoolExecutor() as pool:
        table(pool, ours, SECOND, QUICK if quick else FULL, watchers)
        for burst in OTHER_BURSTS[:1] if quick else OTHER_BURSTS:
            table(pool, ours, burst, QUICK if quick else FEWER, watchers)
        circumstances(pool, 1 if quick else FULL.seeds, 60.0 if quick else 600.0)
        for limiter in others:
            table(pool, limiter, SECOND, QUICK if quick else ONCE, watchers)
    print("\nbars: outages, surges and under-use; the worst seed")
    for bar in bars(seeds=1 if quick else 5):
        print(
            f"{'pass' if bar.passes else 'MISSED':6} {bar.measured:7.3f} (at most {bar.most:g})  {bar.name}",
            flush=True,
        )
    print(f"\nthe cost of a call in the limiter: {microseconds(20_000):.2f} us (acquire twice, on_response once)")


if __name__ == "__main__":
    main()
