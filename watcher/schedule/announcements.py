"""Which share of sessions is announced when it ends, and how late, learned from what polls and hints show."""

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

from watcher.schedule.constants import HINTS


class Announcements:
    """The share of ends that a hint announces, and the mean seconds from an end to its hint. Not thread-safe.

    A poll may find an end just before its hint comes, so an end without a hint counts only after a while. Delays are
    taken as exponential: an end is only known to be between two times, and counts by its expectation.
    """

    def __init__(self) -> None:
        self._share = 0.0
        self._latest_share = 0.0
        self._ends = HINTS.prior_ends
        self._awaited: deque[float] = deque()
        """When ends that have no hint yet count as unannounced."""
        self.lateness = HINTS.lateness

    @property
    def share(self) -> float:
        """Share of ends that are announced: never quite 1, so that sessions without a hint are still polled."""
        return min(self._share, HINTS.most_share)

    def announced(self, low: float, high: float) -> bool:
        """A hint at age `high` announced an end; the session was on the way at `low`.

        Returns whether hints have just begun or stopped.
        """
        self._learn_lateness(0.0, high - low)
        return self._count(1.0)

    def unannounced(self, now: float) -> bool:
        """A poll found an end without a hint at `now`; see `announced`."""
        self._awaited.append(now + HINTS.overdue * self.lateness)
        return self.count_overdue(now)

    def late(self, low: float, high: float, at: float) -> None:
        """The hint of an end that a poll had found, between ages `low` and `high`, came at age `at`."""
        self._learn_lateness(at - high, at - low)
        if self._awaited:
            self._awaited.pop()
            self._count(1.0)
        else:  # it has counted as unannounced
            self._latest_share = min(1.0, self._latest_share + HINTS.latest_weight)
            self._share = min(1.0, self._share + 1.0 / self._ends)

    def count_overdue(self, now: float) -> bool:
        """Count the ends whose hint has not come in time; returns whether hints have just stopped."""
        has_stopped = False
        while self._awaited and self._awaited[0] <= now:
            self._awaited.popleft()
            has_stopped |= self._count(0.0)
        return has_stopped

    def dump(self) -> dict[str, float]:
        """What is known, as JSON-compatible values."""
        return {"share": round(self._share, 4), "ends": round(self._ends, 2), "lateness": round(self.lateness, 4)}

    def load(self, known: Mapping[str, Any]) -> None:
        """Restore what `dump` returned. Raises ValueError, KeyError or TypeError if it is invalid."""
        share, ends, lateness = (float(known[name]) for name in ("share", "ends", "lateness"))
        if not (0.0 <= share <= 1.0 and 0.0 < ends <= HINTS.memory and 0.0 < lateness <= HINTS.most_lateness):
            raise ValueError("not a share, a count and a delay")
        self._share = self._latest_share = share
        self._ends, self.lateness = ends, lateness

    def _count(self, announced: float) -> bool:
        """Count an end. If the latest ones differ too much from all, hints have stopped or begun: only they count."""
        self._ends = min(self._ends + 1.0, HINTS.memory)
        self._share += (announced - self._share) / self._ends
        self._latest_share += HINTS.latest_weight * (announced - self._latest_share)
        is_changed = abs(self._latest_share - self._share) > HINTS.changed
        if is_changed:
            self._share, self._ends = self._latest_share, HINTS.prior_ends
        return is_changed

    def _learn_lateness(self, least: float, most: float) -> None:
        """Learn from a delay between these seconds: its expectation, if it is exponential."""
        least = max(least, 0.0)
        length = max(most - least, 1e-6)
        if length > HINTS.telling * self.lateness:
            return  # an interval that long says nothing
        expected = least + self.lateness - length / math.expm1(length / self.lateness)
        self.lateness += HINTS.lateness_weight * (expected - self.lateness)
        self.lateness = min(self.lateness, HINTS.most_lateness)
