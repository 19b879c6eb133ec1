"""The numbers of the learned schedule; tests/benchmarks/bench_schedule.py measures what they bring."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hazard:
    """What is remembered of how long sessions took, and believed before there is anything."""

    memory: float = 1000.0
    """Sessions after which a session's weight has fallen to 1/e."""

    recent: int = 400
    """Ends kept as the interval they were seen in; older ones only as what was last thought of them."""

    sweep_every: int = 50
    """Ends between two rounds over the recent ones. A round takes 3 ms."""

    sweep_pause: float = 1.0
    """Seconds between two rounds at least: where hundreds of sessions end in a second, rounds would take up the
    CPU."""

    prior_hazard: float = 0.02
    """What is believed of a bin before anybody was seen in it,"""

    prior_seconds: float = 5.0
    """and the seconds at risk that it is worth."""

    largest_scale: float = 1e9
    """Weight of a new session, in that of the first, from which all are scaled down, before a float overflows."""


HAZARD = Hazard()


@dataclass(frozen=True, slots=True)
class Drift:
    """When the durations of sessions are seen to have changed."""

    window: float = 60.0
    """Ended sessions after which what was seen weighs 1/e."""

    alarm: float = 26.0
    """Sum of the squared sums at which a shift is called. In 27,000 sessions without one it stayed below 16."""

    fewest: int = 15
    """Ended sessions before the first call."""

    floor: float = 1.5
    """Added to each variance: a span in which next to nothing was expected must not call for one stray end."""


DRIFT = Drift()


@dataclass(frozen=True, slots=True)
class DelayCost:
    """What a delay may cost in calls: the threshold, and what moves it."""

    used: float = 1.0
    """Share of the rate that is planned for. All of it: what comes irregularly shows as lag, and that is allowed
    for."""

    unlimited: float = 0.02
    """Seconds of expected undetected delay that are worth a call while no rate is known: nothing is gained by asking
    more often, and the account's other callers are spared."""

    least: float = 1e-4
    """Lower bound of the threshold in seconds: every session asks for `min_interval` whatever its age."""

    most: float = 20.0
    """Upper bound: the calls don't reach for all, and what is due waits for its turn."""

    lag_tolerance: float = 10.0
    """Seconds in which a small backlog is worked off."""

    lag_share: float = 0.3
    """Share of the rate that at most is kept for a backlog: less for the others would make them late in their
    turn."""

    fewest_calls: float = 1.3
    """Calls a session that are aimed at to begin with, however many wait: most of a crowd may long be over."""

    lag_weight: float = 0.05
    """Part that the latest lag has in the average."""

    stale: float = 120.0
    """Seconds after which a session that has not asked again no longer counts."""

    sweep_every: float = 1.0
    """Seconds between two checks for those."""


DELAY_COST = DelayCost()


@dataclass(frozen=True, slots=True)
class Search:
    """How the next poll's age is searched for on a survival curve."""

    newton_steps: int = 6
    """Steps of Newton's at most."""

    close: float = 1e-3
    """Seconds of a step of Newton's after which another would be a millionth of a second or less."""

    most: float = 20.0
    """Largest cumulative hazard: beyond e^-20 nobody is left, and differences of survivals would be rounding."""

    left: float = 0.02
    """Hazard for which there is always room below `most`: who outlives a certain end is polled all the same."""


SEARCH = Search()


@dataclass(frozen=True, slots=True)
class Mixture:
    """How the schedules of several kinds of sessions are kept apart, and put together."""

    enough_of_a_kind: float = 150.0
    """Ended sessions from which a kind of session goes by its own durations instead of everybody's."""

    most_shares: float = 12.0
    """Longest interval, in even shares of the rate, where those are longer than the setting allows."""

    most_kinds: int = 32
    """Kinds that are told apart; more share what is known of all."""

    taken_in_every: float = 0.1
    """Seconds in which what polls have seen piles up where there are many: taken in together it costs a third, for
    the code and the tables are at hand. Nobody's durations change in that time."""

    enough: float = 60.0
    """Ended sessions from which the estimate is relied on."""

    at_once: float = 1.0
    """Age in seconds of a first poll that says nothing of a shift: sessions without a creation time are as old as
    their message, and many of those are over when it is sent."""


MIXTURE = Mixture()
