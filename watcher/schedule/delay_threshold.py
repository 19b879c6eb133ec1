"""The expected undetected delay that is worth a call: as small as the calls a second allow."""

import math

from watcher.schedule.constants import DELAY_COST
from watcher.schedule.plan import WIDTH, PlanBucket, Planned
from watcher.schedule.survival import SurvivalCurve


class DelayThreshold:
    """Finds the threshold at which the sessions in flight ask for the calls a second that there are.

    An interval grows about like the square root of the threshold. So a session whose next poll was planned d seconds
    ahead at threshold t will ask for sqrt(t) / d / sqrt(t') calls a second at t', and the sum over all sessions
    says which t' fits the rate: at once, also when a thousand sessions come together. What that leaves wrong shows
    as lag, and lag counts as rate that is missing. Not thread-safe.

    The plans of one moment are summed up: a hundred thousand sessions cost next to no memory for it, and no time each
    second. A session that is forgotten takes the mean weight of its moment along.
    """

    def __init__(self) -> None:
        self.value = DELAY_COST.unlimited
        self._moments: dict[int, PlanBucket] = {}
        self._count = 0
        self._weights = 0.0
        self._lag = 0.0
        self._swept_at = 0.0

    @property
    def in_flight(self) -> int:
        """Sessions that wait for a poll."""
        return self._count

    def polled(self, session: Planned, begun: float) -> None:
        """A planned poll began at `begun`: how late that was says whether the rate is asked too much."""
        moment = session.planned_for
        if moment is not None and moment.count:
            self._lag += DELAY_COST.lag_weight * (max(0.0, begun - moment.end) - self._lag)

    def planned(self, session: Planned, now: float, interval: float) -> None:
        """The next poll of a session, so many seconds ahead."""
        self.forget(session)
        weight, place = self.value**0.5 / interval, int((now + interval) / WIDTH)
        moment = self._moments.get(place)
        if moment is None:
            moment = self._moments[place] = PlanBucket((place + 1) * WIDTH)
        session.planned_for = moment
        moment.count += 1
        moment.weight += weight
        self._count += 1
        self._weights += weight
        if now - self._swept_at > DELAY_COST.sweep_every:
            self._sweep(now)

    def forget(self, session: Planned) -> None:
        """A session that is over."""
        moment, session.planned_for = session.planned_for, None
        if moment is None or not moment.count:
            return  # it has no plan, or one that was dropped
        weight = moment.weight / moment.count
        moment.count -= 1
        moment.weight -= weight
        self._count -= 1
        self._weights -= weight

    def fit(self, rate: float) -> float:
        """The threshold for `rate` calls a second (0: no limit is known)."""
        if rate <= 0:
            self.value = DELAY_COST.unlimited
        else:
            self.value = min(max((self._weights / self.spare(rate)) ** 2, DELAY_COST.least), DELAY_COST.most)
        return self.value

    def start(self, curve: SurvivalCurve, rate: float) -> None:
        """Begin with the threshold that fits this many sessions in the long run: they were planned by other rules."""
        if rate <= 0 or not self._count:
            return
        wanted = max(self.spare(rate) / self._count * curve.lived, DELAY_COST.fewest_calls)
        low, high = DELAY_COST.least, DELAY_COST.most
        while high > low * 1.05:
            middle = math.sqrt(low * high)
            low, high = (middle, high) if curve.calls(middle, wanted) > wanted else (low, middle)
        self.value = high
        self._weights = high**0.5 * self.spare(rate)
        for moment in self._moments.values():
            moment.weight = self._weights * moment.count / self._count

    def spare(self, rate: float) -> float:
        """Calls a second to plan with: the rate, less what a backlog needs."""
        return rate * DELAY_COST.used * (1.0 - min(DELAY_COST.lag_share, self._lag / DELAY_COST.lag_tolerance))

    def fair_interval(self, rate: float) -> float:
        """Seconds between two polls of a session if all share the rate evenly; 0 if no limit is known."""
        return max(1, self._count) / self.spare(rate) if rate > 0 else 0.0

    def _sweep(self, now: float) -> None:
        """Count those that are overdue no longer, nor those that nobody polls any more (their lease was lost).

        A plan asks for one call. One that is overdue does so as part of the backlog, which the lag tells of.
        """
        self._swept_at = now
        for moment in self._moments.values():
            if now > moment.end:
                moment.weight = 0.0
            if now - moment.end >= DELAY_COST.stale:
                moment.count = 0
        self._moments = {place: moment for place, moment in self._moments.items() if moment.count}
        self._count = sum(moment.count for moment in self._moments.values())
        self._weights = sum(moment.weight for moment in self._moments.values())
