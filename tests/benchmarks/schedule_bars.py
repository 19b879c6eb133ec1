"""What is promised of the learned schedule, and how sure it is from some seeds that it holds."""

import math
from collections.abc import Mapping
from statistics import fmean, stdev
from typing import NamedTuple

QUANTILES = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26}
"""Student's t at 97.5 %, for so many seeds."""

BARS = {
    "mean": "mean at most 1.15 times the optimum's, k 5 to 20",
    "p95": "p95 at most 25/k s, k 5 to 20",
    "fixed": "p95 at most 0.65 of fixed's at equal k",
    "backoff": "p95 at most 0.4 of best-tuned backoff's (full jitter) at equal k",
    "known": "mean within 15 % of the index that knows",
    "even": "mean never worse than even sharing's",
    "throttled": "throttled at most 0.1 %",
    "tenfold": "p95 at most 8 s at 1000 %",
    "finding throttled": "throttled at most 0.1 %, where the limiter has to find the quota",
    "finding tenfold": "p95 at most 8 s at 1000 %, where the limiter has to find the quota",
    "late": "at most 0.05 % past 180 s",
}

HINT_BARS = {
    "hinted calls": "calls per decision: at most 2.4 with 90 % announced, 2.0 with 95 %, 1.5 with 98 %, 1.2 with all",
    "hinted p50": "p50 at most 0.45 s",
    "hinted p95": "p95 at most 7 s with 90 % announced, 1.7 s with 95 %, 1.1 s with 98 %, 1.0 s with all",
    "hinted mean": "mean at most 1.2 s with 90 % announced, 1.0 s with 95 %, 0.9 s with 98 %, 0.5 s with all",
    "hinted load": "p95 at most 2 s at 1000 % with 95 % announced",
    "hinted throttled": "throttled at most 0.2 %",
    "hinted stop": "within 10 % of the schedule without hints, once 30 sessions have ended without",
    "hinted flood": "p95 of the others at most 10 % longer in a flood of false hints",
    "late": BARS["late"],
}


class Held(NamedTuple):
    """A figure in one case, and what is allowed there: of one seed."""

    bar: str
    where: str
    found: float
    allowed: float


class Verdict(NamedTuple):
    """A case of a bar over all seeds: the mean, in shares of what is allowed, and its 95 % confidence interval."""

    where: str
    share: float
    low: float
    high: float

    @property
    def word(self) -> str:
        """Met or missed for certain; `open` if what was allowed is within the interval."""
        if self.high <= 1.0:
            return "met"
        return "MISSED" if self.low > 1.0 else "open"


def verdicts(held: list[Held], bar: str) -> list[Verdict]:
    """Each case of a bar, the worst first. A seed is compared with itself: the same sessions for every strategy."""
    cases: dict[str, list[float]] = {}
    for one in held:
        if one.bar == bar:
            cases.setdefault(one.where, []).append(one.found / one.allowed)
    return sorted((_verdict(where, shares) for where, shares in cases.items()), key=lambda one: -one.share)


def _verdict(where: str, shares: list[float]) -> Verdict:
    mean = fmean(shares)
    if len(shares) < 2:
        return Verdict(where, mean, mean, mean)
    spread = QUANTILES[len(shares)] * stdev(shares) / math.sqrt(len(shares))
    return Verdict(where, mean, mean - spread, mean + spread)


def report(held: list[Held], bars: Mapping[str, str] = BARS) -> None:
    """A line for each bar: how many of its cases it is met, open and missed in, and the worst of them."""
    print("\nBars: cases met / open / missed at 95 % confidence, and the worst case in shares of what is allowed")
    for bar, text in bars.items():
        found = verdicts(held, bar)
        if not found:
            continue
        words = [one.word for one in found]
        worst = found[0]
        verdict = "MISSED" if "MISSED" in words else "open" if "open" in words else "met"
        print(
            f"{verdict:<6}  {words.count('met'):>2} /{words.count('open'):>2} /{words.count('MISSED'):>2}  {text}:"
            f" {worst.share:.3f} ({worst.low:.3f} to {worst.high:.3f}), {worst.where}"
        )
