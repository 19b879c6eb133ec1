"""What is known about one kind of session, and whether it is reliable."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from watcher.schedule.age_bins import FINEST
from watcher.schedule.constants import MIXTURE
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

    @property
    def sessions(self) -> float:
        """Ended sessions that the estimate is based on."""
        return self._durations.sessions

    @property
    def curve(self) -> SurvivalCurve:
        """The estimate."""
        return self._durations.curve

    def record(self, low: float, high: float, *, ended: bool, now: float | None = None) -> None:
        """Record a poll at age `high` of a session that was on the way at age `low`: whether it was over by then.

        `now`: when that was, in seconds on a clock that never jumps, if available.
        """
        if ended:
            high = max(high, low + FINEST)
        if high <= low:
            return
        if self.mode is Mode.LEARNED and (low > 0.0 or high >= MIXTURE.at_once):
            curve = self._durations.curve
            alive = curve.survival(high)
            share = (1.0 - alive) / (1.0 - curve.unfinished_share)
            self._detector.record(max(0.0, 1.0 - alive / curve.survival(low)), share, ended=ended)
        if not ended:
            self._durations.survived(low, high)
            return
        self._durations.ended(low, high, now)
        self._judge()

    def dump(self) -> dict[str, Any]:
        """What is known, as JSON-compatible values."""
        return self._durations.dump() | {"even": self.mode is Mode.EVEN}

    def load(self, known: Mapping[str, Any]) -> None:
        """Restore what `dump` returned. Raises ValueError, KeyError or TypeError if it is invalid."""
        self._durations.load(known)
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
