"""What is known about one kind of session, and whether it is reliable."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from watcher.schedule.age_bins import FINEST
from watcher.schedule.announcements import Announcements
from watcher.schedule.constants import HINTS, MIXTURE
from watcher.schedule.drift import DriftDetector
from watcher.schedule.hazard import HazardEstimator
from watcher.schedule.survival import SurvivalCurve


class Mode(StrEnum):
    """How polls are currently scheduled."""

    FRESH = "fresh"
    """Too little is known: exponential backoff."""
    LEARNED = "learned"
    """By the expected undetected delay."""
    EVEN = "even"
    """The distribution has shifted: all sessions share the rate evenly until the new one is known."""


class DurationEstimator:
    """Durations of one kind of session, watched for shifts. Not thread-safe."""

    def __init__(self) -> None:
        self.mode = Mode.FRESH
        self.shifts = 0
        self._durations = HazardEstimator()
        self._detector = DriftDetector()
        self.announcements = Announcements()

    @property
    def sessions(self) -> float:
        """Ended sessions that the estimate is based on."""
        return self._durations.sessions

    @property
    def curve(self) -> SurvivalCurve:
        """The estimate."""
        return self._durations.curve

    @property
    def unannounced(self) -> float:
        """Share of ends that no hint announces."""
        return 1.0 - self.announcements.share

    def record(
        self, low: float, high: float, *, ended: bool, now: float | None = None, is_announced: bool = False
    ) -> None:
        """Record a poll at age `high` of a session that was on the way at age `low`: whether it was over by then.

        `now`: when that was, in seconds on a clock that never jumps, if available. `is_announced`: a hint at `high`
        announced the end.
        """
        if ended:
            high = max(high, low + FINEST)
        if high <= low:
            return
        if self.mode is Mode.LEARNED and not is_announced and (low > 0.0 or high >= MIXTURE.at_once):
            self._try(low, high, ended=ended)
        if not ended:
            self._durations.survived(low, high)
            return
        if self._count(low, high, now, is_announced=is_announced):
            self._detector.clear()
        if is_announced:
            since = max(low, high - max(FINEST, HINTS.reach * self.announcements.lateness))
            self._durations.survived(low, since)
            low = since
        self._durations.ended(low, high, now)
        self._judge()

    def _count(self, low: float, high: float, now: float | None, *, is_announced: bool) -> bool:
        """Count an end with or without a hint; returns whether hints have just begun or stopped."""
        now = math.inf if now is None else now
        if is_announced:
            return self.announcements.announced(low, high) | self.announcements.count_overdue(now)
        return self.announcements.unannounced(now)

    def _try(self, low: float, high: float, *, ended: bool) -> None:
        """Compare the estimate with a poll that no hint led to: it finds unannounced ends, or is before their hint.

        Announced ones say nothing here: they are seen at once, and the sessions that last only with their next poll.
        """
        curve, announced = self._durations.curve, self.announcements
        before, alive = curve.survival(low), curve.survival(high)
        share = (1.0 - alive) / (1.0 - curve.unfinished_share)
        just_over = curve.survival(max(low, high - announced.lateness)) - alive
        over = max(0.0, self.unannounced * (before - alive) + announced.share * just_over)
        self._detector.record(over / (over + alive), share, ended=ended)

    def dump(self) -> dict[str, Any]:
        """What is known, as JSON-compatible values."""
        return self._durations.dump() | {"even": self.mode is Mode.EVEN, "announced": self.announcements.dump()}

    def load(self, known: Mapping[str, Any]) -> None:
        """Restore what `dump` returned. Raises ValueError, KeyError or TypeError if it is invalid."""
        self._durations.load(known)
        if "announced" in known:
            self.announcements.load(known["announced"])
        self.mode = Mode.EVEN if known.get("even") else Mode.FRESH
        self._judge()

    def _judge(self) -> None:
        if self.mode is not Mode.LEARNED:
            if self.sessions >= MIXTURE.enough:
                self.mode = Mode.LEARNED
                self._durations.sweep()
                self._detector.clear()
        elif self._detector.shifted(self.sessions):
            self.mode = Mode.EVEN
            self.shifts += 1
            self._durations.clear()
