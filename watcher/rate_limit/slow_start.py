"""The initial rate, and how a rate returns to one that was served before."""

import math

from watcher.rate_limit.constants import CONSTANTS

START_RATES = {"us-east-1": 25.0, "us-west-2": 25.0}
"""GetFaceLivenessSessionResults' default quota, calls a second; `START_RATE` elsewhere (AWS General Reference)."""

START_RATE = 5.0


def start_rate(region: str) -> float:
    """Calls a second to start with: the region's default quota."""
    return START_RATES.get(region, START_RATE)


def slow_start(rate: float, share: float, seconds: float) -> float:
    """The rate after this many seconds below the share: exponential, up to the share."""
    return min(share, rate * math.exp(CONSTANTS.growth * CONSTANTS.decrease * seconds))
