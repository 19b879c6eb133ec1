"""A rate that finds the account's quota by itself, from nothing but its own calls' throttles.

`rate` paces the calls; at first `search` says how fast, from then on `balance`.
"""

from watcher.adaptive.balance import FLOOR
from watcher.adaptive.rate import SHORTEST_DELAY, AdaptiveRate
from watcher.adaptive.start import start_rate

__all__ = ["FLOOR", "SHORTEST_DELAY", "AdaptiveRate", "start_rate"]
