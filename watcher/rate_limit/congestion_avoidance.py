"""How a rate moves about the quota: additive increase, multiplicative decrease (Chiu and Jain, 1989).

All watchers that share a quota see the same fraction of their calls throttled, so faster ones are throttled more
often. Each expects one throttle per `throttle_interval`. If that is nearly the same for all rates, there is one rate
at which it holds, the same for all watchers: that makes shares even. It is somewhat shorter for fast watchers, which
can afford to find a new quota sooner. Slow watchers expect one per fixed number of calls, or too many of their few
calls would be throttled; their shares are even mostly because they move little.

A watcher has two rates. Its share moves in small steps, so chance moves it little. The rate in use drops below the
share with a throttle and then grows, faster the longer none comes, so that a new quota is found soon.
"""

import math

from watcher.rate_limit.constants import CONSTANTS


def throttle_interval(rate: float) -> float:
    """Seconds in which a watcher of `rate` calls a second expects a throttle."""
    pace = rate / CONSTANTS.slow
    return CONSTANTS.throttle_interval / min(pace, float(pace**0.25))


def increase(rate: float, share: float, quiet: float, seconds: float) -> tuple[float, float]:
    """Rate and share after `seconds` more, `quiet` seconds after a throttle; infinite before the first."""
    interval = throttle_interval(share)
    growth = CONSTANTS.growth * CONSTANTS.decrease * quiet / interval**2
    rate *= math.exp(min(growth, CONSTANTS.decrease / 2) * seconds)
    if math.isinf(quiet):
        return rate, rate
    return rate, _near(rate, share * math.exp(_step(share) * seconds / interval))


def decrease(rate: float, share: float) -> float:
    """The rate after a throttle."""
    return min(rate, share) * (1.0 - CONSTANTS.decrease)


def step_down(rate: float, share: float) -> float:
    """The share after a throttle at `rate` that it may have caused."""
    share *= 1.0 - _step(share)
    return _near(decrease(rate, share), share)


def _step(share: float) -> float:
    """Part of the share that a throttle takes, and an interval gives back.

    It is small for slow watchers, which meet few throttles.
    """
    return CONSTANTS.decrease / 2 * min(1.0, share / CONSTANTS.slow)


def _near(rate: float, share: float) -> float:
    """The share, at most as far from the rate as chance explains: a few decreases above, a long quiet time below."""
    return min(max(share, rate / CONSTANTS.band), rate / (1.0 - CONSTANTS.decrease) ** CONSTANTS.outage)
