"""The constants of the learned schedule; tests/benchmarks/bench_schedule.py measures their effect."""

from typing import NamedTuple


class Hazard(NamedTuple):
    """What is remembered about the durations of sessions, and assumed without any."""

    memory: float = 1000.0
    """Sessions after which a session's weight has fallen to 1/e."""

    recent: int = 400
    """Ends kept as the interval in which they were seen; older ones only as their last estimate."""

    sweep_every: int = 50
    """Number of ends between two rounds over the recent ones. A round takes 3 ms."""

    sweep_pause: float = 1.0
    """Minimum seconds between two rounds: if hundreds of sessions end per second, rounds would use up the CPU."""

    prior_hazard: float = 0.02
    """The hazard assumed for a bin before any session was seen in it,"""

    prior_seconds: float = 5.0
    """and its weight in seconds at risk."""

    largest_scale: float = 1e9
    """Weight of a new session, relative to the first, at which all are scaled down, before a float overflows."""


HAZARD = Hazard()


class Drift(NamedTuple):
    """When a change in the durations of sessions is detected."""

    window: float = 60.0
    """Ended sessions after which an observation's weight has fallen to 1/e."""

    alarm: float = 26.0
    """Sum of the squared sums at which a shift is detected. In 27,000 sessions without one it stayed below 16."""

    fewest: int = 15
    """Ended sessions before the first detection."""

    floor: float = 1.5
    """Added to each variance, so that one stray end in a span where almost none was expected is not detected as a
    shift."""


DRIFT = Drift()


class DelayCost(NamedTuple):
    """What a delay may cost in calls: the threshold, and what changes it."""

    used: float = 1.0
    """Share of the rate that is planned for. All of it, because irregular arrivals show as lag, which is taken into
    account."""

    unlimited: float = 0.02
    """Seconds of expected undetected delay that are worth a call while no rate is known: polling more often gains
    nothing, and leaves less to the account's other callers."""

    least: float = 1e-4
    """Lower bound of the threshold in seconds: every session is polled every `min_interval`, whatever its age."""

    most: float = 20.0
    """Upper bound: there are too few calls for all sessions, and due ones wait for their turn."""

    lag_tolerance: float = 10.0
    """Seconds in which a small backlog is cleared."""

    lag_share: float = 0.3
    """Maximum share of the rate that is kept for a backlog: leaving less for the others would make them late in
    turn."""

    fewest_calls: float = 1.3
    """Initial target of calls per session, however many wait: most of a crowd may long be over."""

    lag_weight: float = 0.05
    """Weight of the latest lag in the average."""

    stale: float = 120.0
    """Seconds after which a session that was not polled again no longer counts."""

    sweep_every: float = 1.0
    """Seconds between two checks for such sessions."""


DELAY_COST = DelayCost()


class Search(NamedTuple):
    """How the age for the next poll is found on a survival curve."""

    newton_steps: int = 6
    """Maximum Newton steps."""

    close: float = 1e-3
    """Seconds of a Newton step after which the next would be a millionth of a second or less."""

    most: float = 20.0
    """Largest cumulative hazard: beyond e^-20 no session is left, and differences of survivals would be rounding
    errors."""

    left: float = 0.02
    """Hazard that always fits below `most`: a session that outlives a certain end is still polled."""


SEARCH = Search()


class Mixture(NamedTuple):
    """How the schedules of several kinds of sessions are kept apart, and combined."""

    enough_of_a_kind: float = 150.0
    """Ended sessions from which a kind of session uses its own durations instead of all sessions'."""

    most_shares: float = 12.0
    """Longest interval, in multiples of an even share of the rate, if that is longer than the setting allows."""

    most_kinds: int = 32
    """Maximum kinds that are kept apart; further ones use what is known about all."""

    taken_in_every: float = 0.1
    """Seconds for which observations are collected if there are many polls: processing them together costs a third,
    thanks to warm caches, and durations don't change in that time."""

    enough: float = 60.0
    """Ended sessions from which the estimate is used."""

    at_once: float = 1.0
    """Age in seconds at which a first poll says nothing about a shift: sessions without a creation time count from
    their message, and many of those are over when it is sent."""


MIXTURE = Mixture()


class HintLearning(NamedTuple):
    """What is learned about hints that a session has ended, and how far they are trusted."""

    memory: float = 150.0
    """Ended sessions after which an observation's weight has fallen to 1/e."""

    prior_ends: float = 5.0
    """Ended sessions that the first estimate counts for."""

    latest_weight: float = 0.1
    """Weight of the latest end in the second, quick estimate, which shows within 10 ends that hints have stopped."""

    overdue: float = 5.0
    """Multiples of the mean delay after which an end without a hint counts as unannounced: 1 in 150 is later."""

    changed: float = 0.35
    """Difference between the two that is taken as a change: chance alone rarely makes it 0.3."""

    most_share: float = 0.998
    """Upper bound of the share."""

    lateness: float = 0.5
    """Seconds from an end to its hint that are assumed at first."""

    lateness_weight: float = 0.02
    """Weight of the latest delay."""

    most_lateness: float = 30.0
    """Upper bound in seconds: later hints are of no use."""

    telling: float = 20.0
    """Longest interval, in multiples of the mean delay, that says anything about it."""

    reach: float = 4.0
    """Multiples of the mean delay before a hint in which its session ended: 98 of 100 do."""

    worth: float = 0.57
    """Seconds of undetected delay that are worth a call where all ends are announced; times the square of the share
    where fewer are. bench_hints.py decides: less makes calls that find hardly anything, more lets the few unannounced
    ends wait."""


HINTS = HintLearning()
