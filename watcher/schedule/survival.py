"""A piecewise constant hazard as a curve: the share still on the way at an age, and the cost of waiting longer."""

import math
from bisect import bisect_left
from collections.abc import Sequence

from watcher.schedule.age_bins import BINS, EDGES, LONGEST, WIDTHS, bin_of
from watcher.schedule.constants import SEARCH


class SurvivalCurve:
    """How long sessions last, with tables that answer each query in a few microseconds.

    Expected undetected delay: for a session seen on the way at age `since`, the expected seconds by age `age` for
    which it has been over unnoticed. It is the integral of P(ended by u | on the way at `since`) du over the time
    between, and the schedule weighs it against one call.
    """

    def __init__(self, hazard: Sequence[float]) -> None:
        """`hazard`: ends a second, for each bin of the grid."""
        self._hazard = [max(h, 1e-9) for h in hazard]
        total, area = 0.0, 0.0
        self._survival, self._area = [1.0], [0.0]
        for j in range(BINS):
            room = SEARCH.most - total - SEARCH.left * (LONGEST - EDGES[j + 1])
            self._hazard[j] = min(self._hazard[j], room / WIDTHS[j])
            area += self._survival[j] * -math.expm1(-self._hazard[j] * WIDTHS[j]) / self._hazard[j]
            total += self._hazard[j] * WIDTHS[j]
            self._survival.append(math.exp(-total))
            self._area.append(area)

    def survival(self, age: float) -> float:
        """Share of sessions that are on the way at this age (seconds)."""
        if age <= 0.0:
            return 1.0
        if age >= LONGEST:
            return self._survival[-1]
        j = bin_of(age)
        return self._survival[j] * math.exp(-self._hazard[j] * (age - EDGES[j]))

    @property
    def unfinished_share(self) -> float:
        """Share of sessions that never end on their own."""
        return self._survival[-1]

    def survival_at(self, edge: int) -> float:
        """Share of sessions that are on the way at `EDGES[edge]`."""
        return self._survival[edge]

    def undetected(self, since: float, age: float) -> float:
        """Expected undetected delay in seconds at `age` of a session last seen on the way at `since`."""
        if age <= since:
            return 0.0
        alive, lived = self._at(since)
        return (age - since) - (self._at(age)[1] - lived) / alive

    def next_poll_age(self, since: float, threshold: float, unannounced: float = 1.0) -> float:
        """The age at which the expected undetected delay since `since` reaches `threshold` (seconds); may be inf.

        `unannounced`: the share of ends that no hint announces. Only those count, of a session without a hint.
        """
        if unannounced < 1.0:
            return self._next_without_hint(since, threshold, unannounced)
        alive, lived = self._at(since)
        low, high, area = bin_of(since) + 1, BINS + 1, self._area
        while low < high:  # bisect's `key` would cost a call per step, and this runs with every poll
            middle = (low + high) // 2
            if (EDGES[middle] - since) - (area[middle] - lived) / alive < threshold:
                low = middle + 1
            else:
                high = middle
        if low <= BINS:
            return self._within(low - 1, since, threshold, alive, lived)
        lost = 1.0 - self._survival[-1] / alive
        missing = threshold - (LONGEST - since) + (area[-1] - lived) / alive
        return max(LONGEST, since) + missing / lost if lost > 1e-9 else math.inf

    @property
    def lived(self) -> float:
        """Mean seconds that a session is on the way, up to its 180."""
        return self._area[-1]

    def calls(self, threshold: float, most: float) -> float:
        """Expected polls of a session at this threshold, up to `most`."""
        age, calls = 0.0, 0.0
        while age < LONGEST and calls <= most:
            calls += self.survival(age)
            age = self.next_poll_age(age, threshold)
        return calls

    def quantile(self, share: float) -> float:
        """The age by which this share of all sessions is over; inf if fewer ever are."""
        left = 1.0 - share
        if self._survival[-1] > left:
            return math.inf
        j = next(j for j in range(BINS) if self._survival[j + 1] <= left)
        return EDGES[j] + math.log(self._survival[j] / left) / self._hazard[j]

    def _next_without_hint(self, since: float, threshold: float, unannounced: float) -> float:
        """Like `next_poll_age`, by bisection: first over the edges of the bins, then between two of them."""

        def is_worth(age: float) -> bool:
            """Whether the expected delay, of a session without a hint by this age, reaches the threshold."""
            alive, lived = self._at(age)
            left = alive / alive_then
            delay = (age - since) - (lived - lived_then) / alive_then
            return unannounced * delay >= threshold * (left + unannounced * (1.0 - left))

        alive_then, lived_then = self._at(since)
        edge = bisect_left(EDGES, True, bin_of(since) + 1, key=is_worth)  # noqa: FBT003 - what it searches for
        if edge > BINS:
            return math.inf  # not within a session's life
        low, high = max(since, EDGES[edge - 1]), EDGES[edge]
        while high - low > SEARCH.close:
            middle = (low + high) / 2
            low, high = (low, middle) if is_worth(middle) else (middle, high)
        return high

    def _within(self, j: int, since: float, threshold: float, alive: float, lived: float) -> float:
        """Newton steps in bin j, where the delay is convex, from the root of its first two terms."""
        hazard, begin, end = self._hazard[j], EDGES[j], EDGES[j + 1]
        start, area = self._survival[j], self._area[j]
        if since > begin:
            begin, start, area = since, alive, lived
        share = start / alive
        before = (begin - since) - (area - lived) / alive
        bend, lost = share * hazard, 1.0 - share
        age = begin + (math.sqrt(lost**2 + 2 * bend * (threshold - before)) - lost) / bend
        for _ in range(SEARCH.newton_steps):
            rest = start * math.exp(-hazard * (age - begin))
            slope = 1.0 - rest / alive
            if slope <= 0.0:
                break
            step = ((age - since) - (area + (start - rest) / hazard - lived) / alive - threshold) / slope
            age = min(max(age - step, begin), end)
            if abs(step) < SEARCH.close:
                break
        return age

    def _at(self, age: float) -> tuple[float, float]:
        """For an age: the share on the way then, and the expected seconds on the way before it."""
        if age <= 0.0:
            return 1.0, age
        if age >= LONGEST:
            return self._survival[-1], self._area[-1] + (age - LONGEST) * self._survival[-1]
        j = bin_of(age)
        hazard, begun = self._hazard[j], self._survival[j]
        ended = begun * -math.expm1(-hazard * (age - EDGES[j]))
        return begun - ended, self._area[j] + ended / hazard
