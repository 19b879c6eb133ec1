"""How many calls may start per second: a fixed rate, or one that adapts to the quota."""

from watcher.rate_limit.adaptive import AdaptiveRate
from watcher.rate_limit.slow_start import start_rate
from watcher.rate_limit.throttled_share import ThrottledShare
from watcher.rate_limit.token_bucket import TokenBucket

__all__ = ["AdaptiveRate", "ThrottledShare", "TokenBucket", "limiter_for", "start_rate"]


def limiter_for(max_rate: float, region: str) -> AdaptiveRate | TokenBucket:
    """The limiter for `polling.max_rate`; 0 adapts to the quota, starting from the region's default."""
    return TokenBucket(max_rate) if max_rate > 0 else AdaptiveRate(start_rate(region))
