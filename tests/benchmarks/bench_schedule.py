"""When polls are placed, and what it brings: `python tests/benchmarks/bench_schedule.py [--quick] [--plots DIR]`.

The watcher's scheduler, poll policy, limiter and learned schedule on a clock that jumps, in front of a service with a
quota. A call takes no time here: what is measured is the order of the calls, not their duration. Delays are from a
session's end (or from when it was enqueued, if that was later) to its decision, of the sessions that end; what the
learned schedule is judged by comes after it has seen 500 sessions end.

Everything is done with some seeds, each strategy with the same sessions; figures are means over the seeds. A bar is
met, missed or open in a case by the 95 % confidence interval of its mean: nothing is allowed for chance by hand. Of
forty cases that are exactly at a bar, one is called met and one missed by chance.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, only this folder is on the path

from tests.benchmarks.schedule_bars import report
from tests.benchmarks.schedule_cases import BASE, QUOTA, Cases, judged, lasting, per_second
from tests.benchmarks.schedule_ideal import Durations
from tests.benchmarks.schedule_strategies import OTHERS

__all__ = ["BASE", "QUOTA", "judged", "lasting", "per_second"]

SEEDS = 5

Rows = dict[tuple[str, str], tuple[float, ...]]

TITLES = {
    "equal": "Calls per decision, mean / p95 delay in s at equal k, sessions that never end counted with none:\n"
    "fixed interval, best backoff, index computed exactly, optimum, learned",
    "load": f"The quota of {QUOTA:.0f} calls a second under loads in % of what a poll a second takes:\n"
    "calls per decision, mean / p95 s, then throttled, lost, past 180 s",
    "other": "Other durations (median, sigma, never), calls per decision, mean / p95 s:\n"
    "even sharing, index that knows, learned",
    "shift": "The durations shift in mid-run: mean / p95 s of those that began in the next 180 s, and later",
    "late": "Enqueued 0 to 3 s after the end, mean / p95 s from then: even sharing, index that knows, learned",
}


def quick(seed: int) -> Cases:
    """Enough to see that it works."""
    cases = Cases(seed)
    cases.at_equal_calls((5, 8), 2500)
    cases.under_load((0.95, 10), OTHERS[-1:], 500)
    cases.elsewhere([Durations(12, 0.9, 0.3), Durations(35, 0.5, 0.02)], (10,), 500)
    cases.shifts((10,), (35,), 500)
    cases.told_late((10,), 500)
    return cases


def full(seed: int) -> Cases:
    """All of it, for one seed."""
    cases = Cases(seed)
    cases.at_equal_calls((3, 3.84, 5, 6.5, 8, 10, 13, 16, 20), 3000)
    cases.under_load((0.3, 0.7, 0.95, 1.5, 10), OTHERS, 400)
    spread = [Durations(m, s, n) for m in (12, 20, 35) for s in (0.5, 0.9) for n in (0.02, 0.1, 0.3)]
    cases.elsewhere(spread, (1.5, 10), 400)
    cases.shifts((1.5, 10), (12, 35), 400)
    cases.told_late((0.95, 1.5, 10), 400)
    return cases


def means(all_cases: list[Cases]) -> Rows:
    """The mean of each figure over the seeds."""
    return {
        key: tuple(fmean(figures) for figures in zip(*(one.rows[key] for one in all_cases), strict=True))
        for key in all_cases[0].rows
    }


def lines(section: str, rows: Rows) -> Iterator[str]:
    """A section's table."""
    for (where, label), figures in rows.items():
        if where != section:
            continue
        has_calls = section in {"equal", "load", "other"}
        calls, rest = (f"{figures[0]:6.2f} |", figures[1:]) if has_calls else ("", figures)
        delays, shares = (rest[:2], rest[2:]) if section == "load" else (rest, ())
        cells = " |".join(f"{mean:7.2f} /{p95:6.2f}" for mean, p95 in zip(delays[::2], delays[1::2], strict=True))
        yield f"{label:<34} {calls}{cells}" + "".join(f" {share:8.3%}" for share in shares)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    begun = time.monotonic()
    with ProcessPoolExecutor() as pool:
        found = list(pool.map(quick if options.quick else full, range(1, options.seeds + 1)))
    rows = means(found)
    for section, title in TITLES.items():
        print(f"\n{title}")
        print("\n".join(lines(section, rows)))
    report([held for one in found for held in one.held])
    if options.plots:
        from tests.benchmarks.schedule_plots import plot

        for path in plot(rows, options.plots):
            print(path)
    print(f"\n{options.seeds} seeds, {time.monotonic() - begun:.0f} s")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a minute instead of ten")
    parser.add_argument("--seeds", type=int, default=SEEDS, choices=range(2, 11), metavar="N", help="2 to 10")
    parser.add_argument("--plots", metavar="DIR", help="write p95.png and load.png there; needs matplotlib")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
