"""The numbers of the adaptive rate; tests/benchmarks/bench_rate.py measures what they bring."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constants:
    """How the rate moves.

    Attributes:
        decrease: part of the rate that a throttle takes. Small enough to use 95 % of a quota with a single watcher.
        patience: seconds in which a watcher expects a throttle: 2.8 % of its calls at `slow`, less if it is faster.
        slow: calls a second below which a watcher is more patient, so as not to exceed 2 % of throttled calls.
        soon: served calls between two throttles, below which the second counts as more of the same congestion.
        floor: part of the target, or of one call a second, that no throttling takes: an outage may end at any moment.
        regain: growth a second up to the target. From the floor to the target takes 6 s.
        growth: the most that the rate grows a second beyond the target: doubled in 12 s, and no surge of throttles.
        in_use: how far the rate may be above the rate in use and still grow (RFC 7661 allows 2, and overshoots more).
    """

    decrease: float = 0.12
    patience: float = 12.0
    slow: float = 3.0
    soon: int = 6
    floor: float = 1 / 8
    regain: float = 0.35
    growth: float = 0.06
    in_use: float = 1.15


CONSTANTS = Constants()
