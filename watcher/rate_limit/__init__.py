"""How many calls may begin in a second: a rate that is set, or one that finds the quota by itself."""

from watcher.rate_limit.adaptive import AdaptiveRate
from watcher.rate_limit.slow_start import start_rate
from watcher.rate_limit.throttled_share import ThrottledShare
from watcher.rate_limit.token_bucket import TokenBucket

__all__ = ["AdaptiveRate", "ThrottledShare", "TokenBucket", "limiter_for", "start_rate"]


def limiter_for(max_rate: float, region: str) -> AdaptiveRate | TokenBucket:
    """The limiter for `polling.max_rate`; 0 finds the quota by itself, from the region's default on."""
    return TokenBucket(max_rate) if max_rate > 0 else AdaptiveRate(start_rate(region))
