"""The learned schedule: what polls have shown, and when each session is worth its next poll."""

import json
import math
from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple

from watcher.schedule.age_bins import BINS
from watcher.schedule.constants import HINTS, MIXTURE
from watcher.schedule.delay_threshold import DelayThreshold
from watcher.schedule.estimator import DurationEstimator, Mode
from watcher.schedule.plan import Planned

FORM = 1
"""Version of the format of `dump`."""


class State(NamedTuple):
    """What the schedule knows, and its mode. Seconds; `median` and `p90` are inf if that many never end.

    `announced`: share of ends that a hint announces; `lateness`: mean seconds from an end to its hint.
    """

    mode: Mode
    sessions: float
    median: float
    p90: float
    unfinished: float
    threshold: float
    shifts: int
    announced: float = 0.0
    lateness: float = 0.0


class _Seen(NamedTuple):
    """The result of one poll; see `Schedule.saw`."""

    kind: str
    low: float
    high: float
    ended: bool
    now: float | None
    is_announced: bool


class Schedule:
    """Learns how long sessions last, and polls those with the greatest expected undetected delay. Thread-safe.

    `kind` distinguishes sessions (in the watcher: their policy). Ages are in seconds from a session's creation, `now`
    is any clock that never jumps.
    """

    def __init__(self, rate: Callable[[], float] = lambda: 0.0, learner: DurationEstimator | None = None) -> None:
        """`rate`: calls a second available now for all sessions together; 0: no known limit.

        `learner` learns from all sessions together; by default one that knows nothing yet.
        """
        self.rate = rate
        self._lock = Lock()
        self._all = DurationEstimator() if learner is None else learner
        self._kinds: dict[str, DurationEstimator] = {}
        self._mode = Mode.FRESH
        self._first_kind = ""
        self._threshold = DelayThreshold()
        self._seen: list[_Seen] = []
        self._taken_in_at = -math.inf

    def record(
        self,
        kind: str,
        low: float,
        high: float,
        *,
        ended: bool,
        now: float | None = None,
        is_announced: bool = False,
    ) -> None:
        """Record a poll at age `high` of a session that was on the way at age `low` (0: never seen before).

        `is_announced`: a hint at `high` announced its end. `now`, if given, limits the cost of very many polls: they
        are processed together ten times a second, and the estimate is recomputed once a second.
        """
        with self._lock:
            self._seen.append(_Seen(kind, low, high, ended, now, is_announced))
            if now is None or now - self._taken_in_at >= MIXTURE.taken_in_every:
                self._take_in()
                self._taken_in_at = -math.inf if now is None else now

    def record_late_hint(self, kind: str, low: float, high: float, at: float) -> None:
        """The hint of an end that a poll had found, between ages `low` and `high`, came only at age `at`."""
        with self._lock:
            self._take_in()
            for estimator in (self._all, self._own(kind)):
                if estimator is not None:
                    estimator.announcements.late(low, high, at)

    def forget(self, session: Planned) -> None:
        """A session that won't be polled any more."""
        with self._lock:
            self._threshold.forget(session)

    def wait(
        self,
        session: Planned,
        kind: str,
        age: float,
        now: float,
        *,
        fallback: Callable[[], float],
        least: float,
        most: float,
        stretch: float = 1.0,
        begun: float | None = None,
    ) -> float:
        """Seconds until the next poll of a session just seen on the way, at this age.

        `fallback` gives the wait while too little is known, if the rate allows. `least` and `most`: bounds; if the
        rate is scarce, `most` is raised to a few even shares of it, or sessions that never end would use it up.
        `stretch`: random factor, so that sessions that arrived together drift apart. `begun`: when the poll began, if
        that was not now.
        """
        with self._lock:
            self._threshold.polled(session, now if begun is None else begun)
            learner, rate = self._learner(kind), self.rate()
            threshold = self._fit(rate, learner)
            if learner.mode is Mode.LEARNED:
                wanted = (learner.curve.next_poll_age(age, threshold, learner.unannounced) - age) * stretch
            else:
                fair = self._threshold.fair_interval(rate) * stretch
                wanted = fair if learner.mode is Mode.EVEN and rate > 0 else max(fallback(), fair)
            wait = max(least, min(wanted, self._longest(most, rate, learner)))
            self._threshold.planned(session, now, wait, threshold)
            return wait

    def first(self, session: Planned, kind: str, age: float, now: float, *, least: float, most: float) -> float:
        """Seconds until the first poll of a session of this age is worth a call; negative: for how long it has been.

        Sessions announced late are probably over, so the most overdue ones should be polled first.
        """
        with self._lock:
            learner, rate = self._learner(kind), self.rate()
            threshold = self._fit(rate, learner)
            wait = 0.0
            if learner.mode is Mode.LEARNED:
                wait = learner.curve.next_poll_age(0.0, threshold, learner.unannounced) - age
            elif learner.mode is Mode.EVEN:
                wait = max(0.0, self._threshold.fair_interval(rate) - age)
            wait = min(wait, self._longest(most, rate, learner))
            self._threshold.planned(session, now, max(wait, least), threshold)
            return wait

    def _take_in(self) -> None:
        for kind, low, high, ended, now, is_announced in self._seen:
            self._all.record(low, high, ended=ended, now=now, is_announced=is_announced)
            if (own := self._own(kind)) is not None:
                own.record(low, high, ended=ended, now=now, is_announced=is_announced)
        self._seen.clear()

    def _fit(self, rate: float, learner: DurationEstimator) -> float:
        """The threshold for this rate. Where hints come, even a spare call has to be worth it."""
        return max(self._fitted(rate), HINTS.worth * learner.announcements.share**2)

    def _fitted(self, rate: float) -> float:
        mode, before = self._all.mode, self._mode
        self._mode = mode
        if mode is not Mode.LEARNED:
            return self._threshold.value  # intervals that don't depend on it say nothing about it
        if before is not mode:
            self._threshold.start(self._all.curve, rate)
        return self._threshold.fit(rate)

    def _longest(self, most: float, rate: float, learner: DurationEstimator) -> float:
        longest = most / math.sqrt(learner.unannounced)
        return max(longest, MIXTURE.most_shares * self._threshold.fair_interval(rate))

    def state(self) -> State:
        """What is known about all sessions together."""
        with self._lock:
            self._take_in()
            curve = self._all.curve
            return State(
                mode=self._all.mode,
                sessions=self._all.sessions,
                median=curve.quantile(0.5),
                p90=curve.quantile(0.9),
                unfinished=curve.unfinished_share,
                threshold=self._threshold.value,
                shifts=self._all.shifts,
                announced=self._all.announcements.share,
                lateness=self._all.announcements.lateness,
            )

    def dump(self) -> str:
        """The learned state, as JSON."""
        with self._lock:
            self._take_in()
            kinds = {kind: learner.dump() for kind, learner in self._kinds.items()}
            return json.dumps({"form": FORM, "bins": BINS, "all": self._all.dump(), "kinds": kinds})

    def load(self, text: str) -> None:
        """Restore what `dump` returned. Raises ValueError if it is invalid; then nothing has changed."""
        try:
            known = json.loads(text)
            if (known["form"], known["bins"]) != (FORM, BINS):
                raise ValueError("it is of another form")
            all_sessions = _loaded(known["all"])
            kinds = {str(kind): _loaded(part) for kind, part in list(known["kinds"].items())[: MIXTURE.most_kinds]}
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise ValueError(f"what was learned can't be read: {error}") from error
        with self._lock:
            self._seen.clear()
            self._all, self._kinds = all_sessions, kinds

    def _own(self, kind: str) -> DurationEstimator | None:
        """The estimator of a kind; None while there is only one kind, because it would duplicate the one for all."""
        if not self._first_kind:
            self._first_kind = kind
        if kind == self._first_kind and not self._kinds:
            return None
        if kind not in self._kinds and len(self._kinds) < MIXTURE.most_kinds:
            self._kinds[kind] = DurationEstimator()
        return self._kinds.get(kind)

    def _learner(self, kind: str) -> DurationEstimator:
        own = self._kinds.get(kind)
        if own is not None and (own.sessions >= MIXTURE.enough_of_a_kind or own.mode is Mode.EVEN):
            return own
        return self._all


def _loaded(known: Any) -> DurationEstimator:
    learner = DurationEstimator()
    learner.load(known)
    return learner
