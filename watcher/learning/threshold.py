"""The expected undetected delay that is worth a call: as small as the calls a second allow."""

import math
from collections.abc import Hashable
from dataclasses import dataclass

from watcher.learning.curve import Curve

USED = 1.0
"""Share of the rate that is planned for. All of it: what comes irregularly shows as lag, and that is allowed for."""

UNLIMITED = 0.02
"""Seconds of expected undetected delay that are worth a call while no rate is known: nothing is gained by asking
more often, and the account's other callers are spared."""

LEAST, MOST = 1e-4, 20.0
"""Bounds of the threshold in seconds. At the lower one every session asks for `min_interval` whatever its age; at the
upper one the calls don't reach for all, and what is due waits for its turn."""

LAG_PATIENCE = 10.0
"""Seconds in which a small backlog is worked off."""

LAG_SHARE = 0.3
"""Share of the rate that at most is kept for a backlog: less for the others would make them late in their turn."""

FEWEST_CALLS = 1.3
"""Calls a session that are aimed at to begin with, however many wait: most of a crowd may long be over."""

_LAG_WEIGHT = 0.05
_STALE = 120.0
_SWEEP_EVERY = 1.0


@dataclass(slots=True)
class _Plan:
    due: float
    weight: float


class Threshold:
    """Finds the threshold at which the sessions in flight ask for the calls a second that there are.

    An interval grows about like the square root of the threshold. So a session whose next poll was planned d seconds
    ahead at threshold t will ask for sqrt(t) / d / sqrt(t') calls a second at t', and the sum over all sessions
    says which t' fits the rate: at once, also when a thousand sessions come together. What that leaves wrong shows
    as lag, and lag counts as rate that is missing. Not thread-safe.
    """

    def __init__(self) -> None:
        self.value = UNLIMITED
        self._plans: dict[Hashable, _Plan] = {}
        self._weights = 0.0
        self._lag = 0.0
        self._swept_at = 0.0

    @property
    def in_flight(self) -> int:
        """Sessions that wait for a poll."""
        return len(self._plans)

    def polled(self, session: Hashable, begun: float) -> None:
        """A planned poll began at `begun`: how late that was says whether the rate is asked too much."""
        plan = self._plans.get(session)
        if plan is not None:
            self._lag += _LAG_WEIGHT * (max(0.0, begun - plan.due) - self._lag)

    def planned(self, session: Hashable, now: float, interval: float) -> None:
        """The next poll of a session, so many seconds ahead."""
        self.forget(session)
        weight = self.value**0.5 / interval
        self._plans[session] = _Plan(now + interval, weight)
        self._weights += weight
        if now - self._swept_at > _SWEEP_EVERY:
            self._sweep(now)

    def forget(self, session: Hashable) -> None:
        """A session that is over."""
        plan = self._plans.pop(session, None)
        if plan is not None:
            self._weights -= plan.weight

    def fit(self, rate: float) -> float:
        """The threshold for `rate` calls a second (0: no limit is known)."""
        if rate <= 0:
            self.value = UNLIMITED
        else:
            self.value = min(max((self._weights / self.spare(rate)) ** 2, LEAST), MOST)
        return self.value

    def start(self, curve: Curve, rate: float) -> None:
        """Begin with the threshold that fits this many sessions in the long run: they were planned by other rules."""
        if rate <= 0 or not self._plans:
            return
        wanted = max(self.spare(rate) / len(self._plans) * curve.lived, FEWEST_CALLS)
        low, high = LEAST, MOST
        while high > low * 1.05:
            middle = math.sqrt(low * high)
            low, high = (middle, high) if curve.calls(middle, wanted) > wanted else (low, middle)
        self.value = high
        for plan in self._plans.values():
            plan.weight = high**0.5 * self.spare(rate) / len(self._plans)
        self._weights = high**0.5 * self.spare(rate)

    def spare(self, rate: float) -> float:
        """Calls a second to plan with: the rate, less what a backlog needs."""
        return rate * USED * (1.0 - min(LAG_SHARE, self._lag / LAG_PATIENCE))

    def fair_interval(self, rate: float) -> float:
        """Seconds between two polls of a session if all share the rate evenly; 0 if no limit is known."""
        return max(1, len(self._plans)) / self.spare(rate) if rate > 0 else 0.0

    def _sweep(self, now: float) -> None:
        """Count those that are overdue no longer, nor those that nobody polls any more (their lease was lost).

        A plan asks for one call. One that is overdue does so as part of the backlog, which the lag tells of.
        """
        self._swept_at = now
        for key in [key for key, plan in self._plans.items() if now - plan.due >= _STALE]:
            del self._plans[key]  # in place: a copy each second, by another thread each time, costs megabytes
        for plan in self._plans.values():
            if now > plan.due:
                plan.weight = 0.0
        self._weights = sum(plan.weight for plan in self._plans.values())
