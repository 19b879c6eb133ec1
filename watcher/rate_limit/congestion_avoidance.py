"""How a rate moves about the quota: additive increase, multiplicative decrease (Chiu and Jain, 1989).

All watchers that share a quota see the same part of their calls throttled, so the faster is throttled more often.
Each expects one throttle in its `throttle_interval`: then increase and decrease cancel out. If that interval is as
long for all rates, there is one rate at which they do, the same for all: that makes shares even. Slow watchers wait
longer, or too many of their few calls would be throttled; their shares are even mostly because they move little.
"""

import math

from watcher.rate_limit.constants import CONSTANTS


def throttle_interval(rate: float) -> float:
    """Seconds in which a watcher of `rate` calls a second expects a throttle."""
    # Somewhat more than the inverse: the slowest are the ones for which 2 % of throttled calls is hardest to keep.
    return CONSTANTS.patience * float(max(1.0, CONSTANTS.slow / rate) ** 1.25)


def increase(rate: float, base: float, quiet: float, seconds: float) -> float:
    """The rate after `seconds` more, `quiet` seconds after the throttle that left it at `base`.

    It grows with the square of the time without a throttle, so that a greater quota is found soon.
    """
    interval = throttle_interval(base)
    added = base * decrease(base) * seconds / interval * (quiet / interval) ** 2 / 2
    return min(rate + added, rate * math.exp(CONSTANTS.growth * seconds))


def decrease(rate: float, repeated: int = 0) -> float:
    """Part of the rate that a throttle takes; doubled with each that soon follows two others, up to a quarter."""
    few = min(1.0, rate / (2 * CONSTANTS.slow)) ** 0.6  # moves of the slow are few, and must be small
    return float(min(0.25, CONSTANTS.decrease * few * 2.0 ** min(max(0, repeated - 1), 8)))
