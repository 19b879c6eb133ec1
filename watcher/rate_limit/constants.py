"""The constants of the adaptive rate; tests/benchmarks/bench_rate.py measures their effect."""

from typing import NamedTuple


class Constants(NamedTuple):
    """How the rate moves.

    Attributes:
        decrease: part of the rate that a throttle takes; half of it is the most that a share moves by, and the most
            that the rate grows in a second. A larger part finds a halved quota sooner, a smaller one leaves shares
            more even.
        growth: decreases that the rate grows by: in a second below the share after an outage; in an interval beyond
            the share, at the pace that it reaches an interval after a throttle. More finds a greater quota sooner.
        throttle_interval: seconds in which a watcher expects a throttle: 1.4 % of its calls at `slow`, less if it
            is faster.
        slow: calls a second below which a watcher is more patient, so as not to exceed 2 % of throttled calls.
        band: how far the rate may be above the share: beyond it is not chance, the quota has grown.
        outage: throttles in a row that a quota explains; after more, all calls may be throttled, whatever the rate.
        floor: part of the share, or of one call a second, that no throttling takes: an outage may end at any moment.
        in_use: how far the rate may be above the rate in use and still grow (RFC 7661 allows 2, and overshoots more).
    """

    decrease: float = 0.085
    growth: float = 3.5
    throttle_interval: float = 23.5
    slow: float = 3.0
    band: float = 1.6
    outage: int = 2
    floor: float = 1 / 8
    in_use: float = 1.15


CONSTANTS = Constants()
