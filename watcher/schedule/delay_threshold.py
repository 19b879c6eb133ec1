"""The expected undetected delay that is worth a call: as small as the rate of calls allows."""

import math

from watcher.schedule.constants import DELAY_COST
from watcher.schedule.plan import WIDTH, PlanBucket, Planned
from watcher.schedule.survival import SurvivalCurve


class DelayThreshold:
    """Finds the threshold at which the sessions in flight use exactly the available calls a second.

    An interval grows roughly like the square root of the threshold. So a session whose next poll was planned d
    seconds ahead at threshold t needs sqrt(t) / d / sqrt(t') calls a second at t', and the sum over all sessions
    gives the t' that fits the rate, even immediately after a thousand sessions arrive at once. Remaining errors show
    as lag, and lag counts as missing rate. Not thread-safe.

    Plans for the same moment are summed: a hundred thousand sessions cost almost no memory, and no time each second.
    A session that is forgotten removes the mean weight of its moment.
    """

    def __init__(self) -> None:
        self.value = DELAY_COST.unlimited
        self._buckets: dict[int, PlanBucket] = {}
        self._count = 0
        self._weights = 0.0
        self._lag = 0.0
        self._swept_at = 0.0

    @property
    def in_flight(self) -> int:
        """Sessions that wait for a poll."""
        return self._count

    def polled(self, session: Planned, begun: float) -> None:
        """A planned poll began at `begun`; its delay shows whether the rate is overloaded."""
        bucket = session.planned_for
        if bucket is not None and bucket.count:
            self._lag += DELAY_COST.lag_weight * (max(0.0, begun - bucket.end) - self._lag)

    def planned(self, session: Planned, now: float, interval: float, threshold: float = 0.0) -> None:
        """The next poll of a session, this many seconds ahead; at `threshold`, if that was higher than the value."""
        self.forget(session)
        weight, place = max(self.value, threshold) ** 0.5 / interval, int((now + interval) / WIDTH)
        bucket = self._buckets.get(place)
        if bucket is None:
            bucket = self._buckets[place] = PlanBucket((place + 1) * WIDTH)
        session.planned_for = bucket
        bucket.count += 1
        bucket.weight += weight
        self._count += 1
        self._weights += weight
        if now - self._swept_at > DELAY_COST.sweep_every:
            self._sweep(now)

    def forget(self, session: Planned) -> None:
        """A session that is over."""
        bucket, session.planned_for = session.planned_for, None
        if bucket is None or not bucket.count:
            return  # it has no plan, or a dropped one
        weight = bucket.weight / bucket.count
        bucket.count -= 1
        bucket.weight -= weight
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
        """Start with the long-run threshold for this many sessions, which were planned by other rules."""
        if rate <= 0 or not self._count:
            return
        wanted = max(self.spare(rate) / self._count * curve.lived, DELAY_COST.fewest_calls)
        low, high = DELAY_COST.least, DELAY_COST.most
        while high > low * 1.05:
            middle = math.sqrt(low * high)
            low, high = (middle, high) if curve.calls(middle, wanted) > wanted else (low, middle)
        self.value = high
        self._weights = high**0.5 * self.spare(rate)
        for bucket in self._buckets.values():
            bucket.weight = self._weights * bucket.count / self._count

    def spare(self, rate: float) -> float:
        """Calls a second to plan with: the rate, minus what a backlog needs."""
        return rate * DELAY_COST.used * (1.0 - min(DELAY_COST.lag_share, self._lag / DELAY_COST.lag_tolerance))

    def fair_interval(self, rate: float) -> float:
        """Seconds between two polls of a session if all share the rate evenly; 0 if no limit is known."""
        return max(1, self._count) / self.spare(rate) if rate > 0 else 0.0

    def _sweep(self, now: float) -> None:
        """Stop counting overdue plans, and sessions that are no longer polled because their lease was lost.

        A plan requires one call. An overdue one does so as part of the backlog, which the lag measures.
        """
        self._swept_at = now
        for bucket in self._buckets.values():
            if now > bucket.end:
                bucket.weight = 0.0
            if now - bucket.end >= DELAY_COST.stale:
                bucket.count = 0
        self._buckets = {place: bucket for place, bucket in self._buckets.items() if bucket.count}
        self._count = sum(bucket.count for bucket in self._buckets.values())
        self._weights = sum(bucket.weight for bucket in self._buckets.values())
