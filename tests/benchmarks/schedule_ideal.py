"""What a schedule of polls costs and brings when nothing stands in its way, computed exactly; and the best there is.

Times are seconds from a session's creation, on a grid. A schedule is the list of its polls, the last of them just
before the session's time runs out.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from watcher.schedule.age_bins import EDGES
from watcher.schedule.survival import SurvivalCurve

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

    def draw(self, chance: random.Random) -> float:
        """How long one session lasts; inf: for ever."""
        lasts = chance.lognormvariate(math.log(self.median), self.sigma)
        return math.inf if chance.random() < self.never else lasts

    def lived(self) -> float:
        """Mean seconds to the end, or to the deadline: calls a session at one poll a second."""
        return sum(1 - self.over(second + 0.5) for second in range(int(KEPT)))

    def curve(self) -> SurvivalCurve:
        """The index that knows the distribution."""
        alive = [1 - self.over(edge) for edge in EDGES]
        return SurvivalCurve(
            [math.log(a / b) / (y - x) for (a, b), (x, y) in zip(pairwise(alive), pairwise(EDGES), strict=True)]
        )


@dataclass(frozen=True, slots=True)
class Score:
    """Calls per decision; mean and 95th percentile of the delay, in seconds, of all sessions.

    One that never ends counts with no delay: so are the figures meant that the schedule is held to.
    """

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
    delays.append((0.0, 1 - durations.over(KEPT)))
    return Score(calls, sum(delay * weight for delay, weight in delays), _quantile(delays, 0.95))


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


def index(curve: SurvivalCurve, threshold: float) -> list[float]:
    """Polls where the expected undetected delay reaches the threshold."""
    return placed(lambda age: curve.next_poll_age(age, threshold))


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
    """Exponential backoff with full jitter at so many calls: waits double, from a share of the longest to it.

    The share is what is tuned for the least p95. Backoff without jitter gets better the less it grows, and ends as
    the fixed interval; with sessions that come together it is no choice.
    """
    found = []
    for doublings in range(5):
        low, high = 0.1, 400.0
        for _ in range(11):
            middle = math.sqrt(low * high)
            low, high = (
                (middle, high) if _jittered(middle, doublings, durations, 1500).calls > calls else (low, middle)
            )
        found.append((_jittered(high, doublings, durations, 1500).p95, doublings, high))
    _, doublings, longest = min(found)
    return _jittered(longest, doublings, durations, 20_000)


def _jittered(longest: float, doublings: int, durations: Durations, sessions: int) -> Score:
    chance, calls, delays = random.Random(1), 0, []
    for _ in range(sessions):
        ends = durations.draw(chance)
        age, wait = 0.0, longest / 2**doublings
        while age < min(ends, KEPT):
            age = min(age + chance.uniform(0, wait), KEPT)
            wait = min(wait * 2, longest)
            calls += 1
        delays.append((max(0.0, age - ends), 1.0))
    mean = sum(delay for delay, _ in delays) / len(delays)
    return Score(calls / sessions, mean, _quantile(delays, 0.95 * len(delays)))


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
