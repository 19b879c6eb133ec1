"""How long something takes, or how sure the service is: numbers that differ from session to session."""

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
    """Anything between `low` and `high`, all equally likely."""

    low: float
    high: float

    def sample(self, rng: Random) -> float:
        """One number between `low` and `high`."""
        return rng.uniform(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Most near `median`, a few far above it: what people's waiting times look like.

    `sigma` is the standard deviation of the logarithm: at 0.5 one in six takes over 1.65 medians.
    """

    median: float
    sigma: float

    def sample(self, rng: Random) -> float:
        """One number above 0."""
        return rng.lognormvariate(math.log(self.median), self.sigma)


Distribution = Fixed | Uniform | Lognormal
