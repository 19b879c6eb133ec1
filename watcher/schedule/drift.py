"""Detects that sessions no longer end when they used to.

Each poll is a trial: the estimate gave a probability that the session would be over, and it was or it wasn't. While
the estimate holds, the differences form a martingale, whatever the times of the polls and however many sessions are
still on the way, so their standardised sums, one per span of ages, stay small. A test on the ages at which sessions
ended would have to wait for the long ones.
"""

from bisect import bisect_left
from collections.abc import Sequence

from watcher.schedule.constants import DRIFT

BANDS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Boundaries between the spans of ages: shares of the sessions that ever end."""


class DriftDetector:
    """Compares predictions with outcomes. Not thread-safe."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self._surplus = [0.0] * (len(BANDS) + 1)
        self._variance = [0.0] * (len(BANDS) + 1)
        self._ended = 0

    def record(self, probability: float, share: float, *, ended: bool) -> None:
        """Record one poll: the probability that the session would be over, the share of sessions over at that age."""
        band = bisect_left(BANDS, share)
        self._surplus[band] += float(ended) - probability
        self._variance[band] += probability * (1.0 - probability)
        if ended:
            self._ended += 1
            self._surplus = _faded(self._surplus, 1.0)
            self._variance = _faded(self._variance, 2.0)

    def shifted(self, sessions: float) -> bool:
        """Whether the estimate, which is based on `sessions` ended sessions, no longer holds."""
        return self._ended >= DRIFT.fewest and self.distance(sessions) > DRIFT.alarm

    def distance(self, sessions: float) -> float:
        """The sum of squared standardised sums, minus the contribution of the estimate's own error."""
        doubt = 1.0 + DRIFT.window / max(sessions, 1.0)
        return (
            sum(
                surplus**2 / (variance + DRIFT.floor)
                for surplus, variance in zip(self._surplus, self._variance, strict=True)
            )
            / doubt
        )


def _faded(sums: Sequence[float], power: float) -> list[float]:
    keep = (1.0 - 1.0 / DRIFT.window) ** power
    return [value * keep for value in sums]
