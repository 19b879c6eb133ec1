"""How long sessions last, learned from polls: each end is only known to be between two of them.

The estimate is a hazard (ends a second among those still on the way), constant in each bin of the grid: expected ends
divided by expected seconds at risk. It is an expectation-maximisation in the manner of Turnbull (1976, "The empirical
distribution function with arbitrarily grouped, censored and truncated data") and, for the smoothing between
neighbours in each round, Silverman et al. (1990). A hazard uses every poll immediately: sessions still on the way
count from their first poll on, so that the first to end don't make all sessions look short.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from math import inf
from typing import Any

from watcher.schedule.age_bins import BINS, EDGES, LONGEST, bin_of, overlaps
from watcher.schedule.constants import HAZARD
from watcher.schedule.survival import SurvivalCurve


class HazardEstimator:
    """A hazard estimate with forgetting. Not thread-safe; ages in seconds from a session's creation."""

    def __init__(self, memory: float = HAZARD.memory) -> None:
        """`memory`: sessions after which a session's weight has fallen to 1/e."""
        self._growth = 1.0 + 1.0 / memory
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._scale = 1.0  # the weight of new sessions; old ones weigh less because theirs has not grown
        self._sessions = 0.0
        self._ends = [0.0] * BINS
        self._risk = [0.0] * BINS
        self._recent: deque[tuple[float, float, float]] = deque()
        self._recent_ends = [0.0] * BINS
        self._recent_risk = [0.0] * BINS
        self._unswept = 0
        self._swept_at = -inf
        self._curve: SurvivalCurve | None = None

    @property
    def sessions(self) -> float:
        """Ended sessions that the estimate is based on, old ones weighted less."""
        return self._sessions / self._scale

    @property
    def curve(self) -> SurvivalCurve:
        """The estimate; recomputed only after enough new data."""
        if self._curve is None:
            self._curve = SurvivalCurve(self._hazard())
        return self._curve

    def survived(self, low: float, high: float) -> None:
        """A session seen on the way at `low` was still so at `high`."""
        scale, risk = self._scale, self._risk
        low, high = max(low, 0.0), min(high, LONGEST)
        j = bin_of(low)
        while low < high:
            end = min(high, EDGES[j + 1])
            risk[j] += (end - low) * scale
            low, j = end, j + 1

    def ended(self, low: float, high: float, now: float | None = None) -> None:
        """A session seen on the way at `low` (0: never) was over at `high`.

        `now` is any clock in seconds that never jumps; without it, only the number of ends paces the rounds.
        """
        self._scale *= self._growth
        self._sessions += self._scale
        record = (low, high, self._scale)
        self._recent.append(record)
        self._spread([record], self.curve, self._recent_ends, self._recent_risk)
        self._unswept += 1
        if self._unswept >= min(HAZARD.sweep_every, len(self._recent) / 4) and self._begin_sweep(now):
            self.sweep()

    def _begin_sweep(self, now: float | None) -> bool:
        if now is None:
            return True
        is_time = now - self._swept_at >= HAZARD.sweep_pause
        if is_time:
            self._swept_at = now
        return is_time

    def sweep(self) -> None:
        """One round of expectation and maximisation over the recent ends."""
        curve = self.curve
        surplus = len(self._recent) - HAZARD.recent
        if surplus > 0:
            self._spread(islice(self._recent, surplus), curve, self._ends, self._risk)
            for _ in range(surplus):
                self._recent.popleft()
        self._recent_ends, self._recent_risk = [0.0] * BINS, [0.0] * BINS
        self._spread(self._recent, curve, self._recent_ends, self._recent_risk)
        self._unswept, self._curve = 0, None
        if self._scale > HAZARD.largest_scale:
            self._rescale()

    def dump(self) -> dict[str, Any]:
        """What is known, as JSON-compatible values."""
        scale = self._scale
        return {
            "sessions": round(self.sessions, 3),
            "ends": [round((a + b) / scale, 4) for a, b in zip(self._ends, self._recent_ends, strict=True)],
            "seconds": [round((a + b) / scale, 3) for a, b in zip(self._risk, self._recent_risk, strict=True)],
        }

    def load(self, known: Mapping[str, Any]) -> None:
        """Restore what `dump` returned. Raises ValueError, KeyError or TypeError if it is invalid."""
        ends, risk = _checked(known["ends"]), _checked(known["seconds"])
        sessions = float(known["sessions"])
        if not 0.0 <= sessions < 1e9:
            raise ValueError("sessions is not a count")
        self.clear()
        self._ends, self._risk, self._sessions = ends, risk, sessions

    def _hazard(self) -> list[float]:
        ends = [a + b for a, b in zip(self._ends, self._recent_ends, strict=True)]
        risk = [a + b for a, b in zip(self._risk, self._recent_risk, strict=True)]
        prior = HAZARD.prior_seconds * self._scale
        return [
            (near_ends + prior * HAZARD.prior_hazard) / (near_risk + prior)
            for near_ends, near_risk in zip(_smooth(ends), _smooth(risk), strict=True)
        ]

    @staticmethod
    def _spread(
        records: Iterable[tuple[float, float, float]], curve: SurvivalCurve, ends: list[float], risk: list[float]
    ) -> None:
        """Add the expectations for these ends under the current curve: where they are, and their time at risk."""
        for low, high, weight in records:
            alive, last = curve.survival(low), curve.survival(high)
            total, left = alive - last, 1.0
            for j, begin, end in overlaps(low, high):
                # All parts but the last end at an edge of the grid, for which the curve has a table.
                after = curve.survival_at(j + 1) if end < high else last
                share = (alive - after) / total if total > 0 else (end - begin) / (high - low)
                alive = after
                left -= share
                ends[j] += weight * share
                risk[j] += weight * (end - begin) * max(0.0, left + share / 2)

    def _rescale(self) -> None:
        scale, self._scale = self._scale, 1.0
        self._sessions /= scale
        for sums in (self._ends, self._risk, self._recent_ends, self._recent_risk):
            sums[:] = [value / scale for value in sums]
        self._recent = deque((low, high, weight / scale) for low, high, weight in self._recent)


def _smooth(values: Sequence[float]) -> list[float]:
    """Means of neighbours, weighted 1, 2, 3, 2, 1; at the borders, of the existing ones."""
    v = [0.0, 0.0, *values, 0.0, 0.0]
    return [(v[j] + 2 * v[j + 1] + 3 * v[j + 2] + 2 * v[j + 3] + v[j + 4]) / 9 for j in range(len(values))]


def _checked(values: Sequence[Any]) -> list[float]:
    numbers = [float(value) for value in values]
    if len(numbers) != BINS or not all(0.0 <= number < 1e12 for number in numbers):
        raise ValueError(f"not {BINS} sums for the ages up to {EDGES[-1]:.0f} s")
    return numbers
