"""A piecewise constant hazard as a curve: who is still on the way at an age, and what waiting longer would cost."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from watcher.learning.grid import BINS, EDGES, LONGEST, WIDTHS, bin_of

_NEWTON_STEPS = 6
_CLOSE = 1e-6
_MOST = 20.0
"""Largest cumulative hazard: beyond e^-20 nobody is left, and differences of survivals would be rounding."""

_LEFT = 0.02
"""Hazard for which there is always room below `_MOST`: who outlives a certain end is polled all the same."""


class Curve:
    """How long sessions last, ready for questions: each is answered from tables in a few microseconds.

    Expected undetected delay: of a session seen on the way at age `since`, the seconds that it may be expected to
    have been over by age `age` without anybody having noticed. It is the integral of P(ended by u | on the way at
    `since`) du over the time between, and what the schedule weighs against one call.
    """

    def __init__(self, hazard: Sequence[float]) -> None:
        """`hazard`: ends a second, for each bin of the grid."""
        self._hazard = [max(h, 1e-9) for h in hazard]
        total, area = 0.0, 0.0
        self._alive, self._area = [1.0], [0.0]
        for j in range(BINS):
            room = _MOST - total - _LEFT * (LONGEST - EDGES[j + 1])
            self._hazard[j] = min(self._hazard[j], room / WIDTHS[j])
            area += self._alive[j] * -math.expm1(-self._hazard[j] * WIDTHS[j]) / self._hazard[j]
            total += self._hazard[j] * WIDTHS[j]
            self._alive.append(math.exp(-total))
            self._area.append(area)

    def alive(self, age: float) -> float:
        """Share of sessions that are on the way at this age (seconds)."""
        if age <= 0.0:
            return 1.0
        age = min(age, LONGEST)
        j = bisect_right(EDGES, age, 1, BINS) - 1
        return self._alive[j] * math.exp(-self._hazard[j] * (age - EDGES[j]))

    @property
    def never(self) -> float:
        """Share of sessions that never end by themselves."""
        return self._alive[-1]

    def alive_at(self, edge: int) -> float:
        """Share of sessions that are on the way at `EDGES[edge]`."""
        return self._alive[edge]

    def ends_between(self, low: float, high: float) -> float:
        """Probability that a session on the way at `low` is over at `high`."""
        return max(0.0, 1.0 - self.alive(high) / self.alive(low)) if high > low else 0.0

    def undetected(self, since: float, age: float) -> float:
        """Expected undetected delay in seconds at `age` of a session last seen on the way at `since`."""
        if age <= since:
            return 0.0
        return (age - since) - (self._alive_seconds(age) - self._alive_seconds(since)) / self.alive(since)

    def due(self, since: float, threshold: float) -> float:
        """The age at which the expected undetected delay since `since` reaches `threshold` (seconds); may be inf."""
        alive, lived = self.alive(since), self._alive_seconds(since)

        def excess(edge: float, area: float) -> float:
            return (edge - since) - (area - lived) / alive

        low = bin_of(max(since, 0.0)) + 1
        found = bisect_left(range(low, BINS + 1), threshold, key=lambda j: excess(EDGES[j], self._area[j])) + low
        if found > BINS:
            lost = 1.0 - self._alive[-1] / alive
            missing = threshold - excess(LONGEST, self._area[-1])
            return max(LONGEST, since) + missing / lost if lost > 1e-9 else math.inf
        return self._within(found - 1, since, threshold, alive, lived)

    @property
    def lived(self) -> float:
        """Mean seconds that a session is on the way, up to its 180."""
        return self._area[-1]

    def calls(self, threshold: float, most: float) -> float:
        """Expected polls of a session at this threshold; counted no further than to `most`."""
        age, calls = 0.0, 0.0
        while age < LONGEST and calls <= most:
            calls += self.alive(age)
            age = self.due(age, threshold)
        return calls

    def quantile(self, share: float) -> float:
        """The age by which this share of all sessions is over; inf if fewer ever are."""
        left = 1.0 - share
        if self._alive[-1] > left:
            return math.inf
        j = next(j for j in range(BINS) if self._alive[j + 1] <= left)
        return EDGES[j] + math.log(self._alive[j] / left) / self._hazard[j]

    def _within(self, j: int, since: float, threshold: float, alive: float, lived: float) -> float:
        """Newton's steps in bin j, where the delay is convex, from the root of its first two terms."""
        hazard, begin, end = self._hazard[j], max(EDGES[j], since), EDGES[j + 1]
        start = self.alive(begin)
        area = self._area[j] + (self._alive[j] - start) / hazard
        share = start / alive
        before = (begin - since) - (area - lived) / alive
        bend, lost = share * hazard, 1.0 - share
        age = begin + (math.sqrt(lost**2 + 2 * bend * (threshold - before)) - lost) / bend
        for _ in range(_NEWTON_STEPS):
            rest = start * math.exp(-hazard * (age - begin))
            slope = 1.0 - rest / alive
            if slope <= 0.0:
                break
            step = ((age - since) - (area + (start - rest) / hazard - lived) / alive - threshold) / slope
            age = min(max(age - step, begin), end)
            if abs(step) < _CLOSE:
                break
        return age

    def _alive_seconds(self, age: float) -> float:
        """Seconds that a session may be expected to be on the way before this age."""
        if age <= 0.0:
            return age
        beyond = max(0.0, age - LONGEST)
        age = min(age, LONGEST)
        j = bin_of(age)
        inside = self._alive[j] * -math.expm1(-self._hazard[j] * (age - EDGES[j])) / self._hazard[j]
        return self._area[j] + inside + beyond * self._alive[-1]
