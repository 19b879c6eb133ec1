"""Durations and scores: numbers that differ from session to session."""

import math
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always `value`."""

    value: float

    def sample(self, _rng: Random) -> float:
        """The value itself."""
        return self.value


@dataclass(frozen=True, slots=True)
class Uniform:
    """Uniform between `low` and `high`."""

    low: float
    high: float

    def sample(self, rng: Random) -> float:
        """One number between `low` and `high`."""
        return rng.uniform(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Triangular:
    """From `low` to `high`, most often near `mode`; the mean is the mean of the three."""

    low: float
    mode: float
    high: float

    def sample(self, rng: Random) -> float:
        """One number between `low` and `high`."""
        return rng.triangular(self.low, self.high, self.mode)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Log-normal: most values near `median`, a few far above it, like people's waiting times.

    `sigma` is the standard deviation of the logarithm: at 0.5 one in six takes over 1.65 medians.
    """

    median: float
    sigma: float

    def sample(self, rng: Random) -> float:
        """One number above 0."""
        return rng.lognormvariate(math.log(self.median), self.sigma)


Distribution = Fixed | Uniform | Triangular | Lognormal
