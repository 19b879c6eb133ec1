"""What a schedule of polls costs and brings when nothing stands in its way, computed exactly; and the best there is.

Times are seconds from a session's creation, on a grid. A schedule is the list of its polls, the last of them just
before the session's time runs out.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from watcher.learning.curve import Curve
from watcher.learning.grid import EDGES

KEPT = 179.0
"""When the poll that is kept for the deadline begins."""


@dataclass(frozen=True, slots=True)
class Durations:
    """Sessions that last lognormally, or for ever."""

    median: float = 20.0
    sigma: float = 0.5
    never: float = 0.1

    def over(self, age: float) -> float:
        """Share of sessions that are over at this age."""
        if age <= 0:
            return 0.0
        return (1 - self.never) * 0.5 * math.erfc(-math.log(age / self.median) / self.sigma / math.sqrt(2))

    def lived(self) -> float:
        """Mean seconds to the end, or to the deadline: calls a session at one poll a second."""
        return sum(1 - self.over(second + 0.5) for second in range(int(KEPT)))

    def curve(self) -> Curve:
        """The index that knows the distribution."""
        alive = [1 - self.over(edge) for edge in EDGES]
        return Curve([math.log(a / b) / (y - x) for (a, b), (x, y) in zip(pairwise(alive), pairwise(EDGES), strict=True)])


@dataclass(frozen=True, slots=True)
class Score:
    """Calls per decision; mean and 95th percentile, in seconds, of the delay of the sessions that ended."""

    calls: float
    mean: float
    p95: float


def score(polls: Sequence[float], durations: Durations, step: float = 0.05) -> Score:
    """What this schedule costs and brings."""
    calls, delays, before = 0.0, [], 0.0
    for poll in polls:
        calls += 1 - durations.over(before)
        steps = max(1, round((poll - before) / step))
        width = (poll - before) / steps
        bounds = [durations.over(before + width * number) for number in range(steps + 1)]
        delays += [(poll - before - width * (n + 0.5), b - a) for n, (a, b) in enumerate(pairwise(bounds))]
        before = poll
    total = sum(weight for _, weight in delays)
    return Score(calls, sum(delay * weight for delay, weight in delays) / total, _quantile(delays, 0.95 * total))


def _quantile(delays: list[tuple[float, float]], wanted: float) -> float:
    seen = 0.0
    for delay, weight in sorted(delays):
        seen += weight
        if seen >= wanted:
            return delay
    return 0.0


def placed(next_age: Callable[[float], float]) -> list[float]:
    """The schedule that a rule for the next poll's age makes."""
    polls = [0.0]
    while polls[-1] < KEPT:
        polls.append(min(KEPT, next_age(polls[-1])))
    return polls[1:]


def fixed(interval: float) -> list[float]:
    """Polls at a fixed interval."""
    return placed(lambda age: age + interval)


def backoff(first: float, factor: float, longest: float) -> list[float]:
    """Exponential backoff without jitter: jitter would only make it worse."""
    waits = iter(first * factor**number for number in range(10_000))
    return placed(lambda age: age + min(next(waits), longest))


def index(curve: Curve, threshold: float) -> list[float]:
    """Polls where the expected undetected delay reaches the threshold."""
    return placed(lambda age: curve.due(age, threshold))


def at_calls(make: Callable[[float], Sequence[float]], calls: float, durations: Durations) -> Score:
    """The member of a family (fewer calls with a larger parameter) with so many calls per decision."""
    low, high = 1e-3, 400.0
    for _ in range(22):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if _calls(make(middle), durations) > calls else (low, middle)
    return score(make(high), durations)


def _calls(polls: Sequence[float], durations: Durations) -> float:
    return sum(1 - durations.over(before) for before, _ in pairwise([0.0, *polls]))


@cache
def best_backoff(calls: float, durations: Durations) -> Score:
    """Backoff with the factor that gives the least p95 at so many calls; the first wait is what is tuned to them."""
    found = [
        at_calls(lambda first, f=factor: backoff(first, f, 1e9), calls, durations)  # type: ignore[misc]
        for factor in (1.1, 1.2, 1.4, 1.6, 2.0, 3.0)
    ]
    return min(found, key=lambda one: one.p95)


class Optimum:
    """The least mean delay for a price of a call, by dynamic programming backwards over ages."""

    def __init__(self, durations: Durations, step: float = 0.25) -> None:
        self._durations = durations
        self._ages = [number * step for number in range(int(60 / step) + 1)]
        self._ages += [60 + number * 2.0 for number in range(1, 60)] + [KEPT]
        self._over = [durations.over(age) for age in self._ages]
        areas = [0.0]
        for (a, b), (x, y) in zip(pairwise(self._over), pairwise(self._ages), strict=True):
            areas.append(areas[-1] + (a + b) / 2 * (y - x))
        self._areas = areas

    def polls(self, price: float) -> list[float]:
        """The schedule with the least of: mean delay plus `price` seconds for each call."""
        ages, over, areas = self._ages, self._over, self._areas
        last = len(ages) - 1
        cost, follow = [0.0] * len(ages), [last] * len(ages)
        for i in range(last - 1, -1, -1):
            age, gone, area, call = ages[i], over[i], areas[i], price * (1 - over[i])
            best, choice = math.inf, last
            for j in range(i + 1, last + 1):
                # The delay of those who end between two polls is the area under "over" above what was over before.
                delay = areas[j] - area - gone * (ages[j] - age)
                if delay + call >= best:
                    break  # it only grows with j
                if delay + call + cost[j] < best:
                    best, choice = delay + call + cost[j], j
            cost[i], follow[i] = best, choice
        polls, i = [], 0
        while i < last:
            i = follow[i]
            polls.append(ages[i])
        return polls

    def at_calls(self, calls: float) -> Score:
        """The optimum for so many calls per decision."""
        low, high = 1e-3, 50.0
        for _ in range(16):
            middle = math.sqrt(low * high)
            low, high = (middle, high) if _calls(self.polls(middle), self._durations) > calls else (low, middle)
        return score(self.polls(high), self._durations)
