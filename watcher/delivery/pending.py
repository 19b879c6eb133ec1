"""Decisions on their way to a sink, and those among them that are themselves what is wrong."""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from watcher.errors import Refusal
from watcher.model import DecisionEvent
from watcher.watch import Watch

FIRST_REST, LONGEST_REST = 1.0, 60.0
"""Seconds until one that was set apart is tried again, doubled each time up to the longest."""

SHARE = 0.25
"""Of a lane's time, and of a batch's room, what those that were set apart get at most while others wait: they may be
many, and each may take until its time-out. And at least: a sink that is well again takes them, however busy it is."""

TRIES = 6
"""Refusals, half a minute of them, after which the word of a sink that takes others counts."""

LAST_TRY = 16
"""Refusals, ten minutes of them at least, after which an event is given up whatever the sink says. A receiver that is
broken may refuse every event for a while; but what is never taken must not hold its place for ever."""


@dataclass(slots=True, eq=False)
class Parcel:
    """A decision on its way to a sink, and the watch that waits for its arrival.

    `refused_after` is how many batches the sink had taken something of when it first failed at this one,
    `failed_after` when it last did; `refusals` how often that was this one's fault. `was_untried`: it has been in a
    batch that failed before its turn. `due` (monotonic seconds) is when one that was set apart is tried next, `rest`
    how long it waits if it is refused again.
    """

    watch: Watch
    event: DecisionEvent
    refused_after: int | None = None
    failed_after: int = 0
    refusals: int = 0
    was_untried: bool = False
    due: float = 0.0
    rest: float = FIRST_REST

    def is_suspect(self, successes_before: int, successes: int) -> bool:
        """Whether this one, at which the sink has just failed, and not the sink is what is wrong.

        It is when the sink had failed at it before and has taken others since (`successes`), or together with it.
        Each failure needs others of its own: those of an outage are the sink's.
        """
        if self.refused_after is None:
            self.refused_after = self.failed_after = successes_before
            return False
        takes_others = successes > self.failed_after
        self.failed_after = successes
        return takes_others

    def is_hopeless(self, refusal: Refusal | None, successes: int) -> bool:
        """Count one more refusal, which sets this one apart; whether it is the last.

        `refusal`: what the sink has against it, if it said so; `successes`: batches that it has taken something of.
        """
        self.refusals += 1
        if refusal is None:
            return self.refusals >= LAST_TRY
        takes_others = self.refused_after is not None and successes > self.refused_after
        return refusal.is_certain or self.refusals >= (TRIES if takes_others else LAST_TRY)


class Waiting:
    """Parcels that wait for their first or their next try, in order."""

    def __init__(self) -> None:
        self._parcels: deque[Parcel] = deque()

    def __len__(self) -> int:
        return len(self._parcels)

    def add(self, parcels: Iterable[Parcel]) -> None:
        """Put these behind the others."""
        self._parcels.extend(parcels)

    def put_back(self, parcels: Sequence[Parcel]) -> None:
        """Put these, which were taken and not tried, before the others again."""
        for parcel in reversed(parcels):
            parcel.was_untried = True
            self._parcels.appendleft(parcel)

    def take(self, limit: int) -> list[Parcel]:
        """Take up to `limit`."""
        return [self._parcels.popleft() for _ in range(min(limit, len(self._parcels)))]

    def take_trial(self) -> list[Parcel]:
        """Take one for a sink that seems to be down; one that it never refused, if there is one.

        Else a good decision would wait for the turns of all those that made the sink look as if it were down. And
        rather one that was in none of its failed batches: those that are wrong often come together.
        """
        doubts = [(parcel.refused_after is not None, parcel.was_untried) for parcel in self._parcels]
        place = doubts.index(min(doubts)) if doubts else 0
        self._parcels.rotate(-place)
        found = self.take(1)
        self._parcels.rotate(place)
        return found

    def drop_abandoned(self) -> None:
        """Drop those whose leases are lost: their messages come again."""
        self._parcels = deque(parcel for parcel in self._parcels if not parcel.watch.abandoned)


class Suspects:
    """Parcels that are refused while others are taken: tried apart, after longer and longer rests."""

    def __init__(self) -> None:
        self._parcels: list[Parcel] = []
        self._not_before = -math.inf

    def add(self, parcel: Parcel, now: float) -> None:
        """Let this one rest."""
        parcel.due = now + parcel.rest
        parcel.rest = min(LONGEST_REST, 2 * parcel.rest)
        self._parcels.append(parcel)

    def put_back(self, parcels: Sequence[Parcel]) -> None:
        """Put these, which were taken and not tried, before the others again."""
        self._parcels[:0] = parcels

    def tried(self, begun: float, now: float) -> None:
        """Some were, from `begun` until `now`: those that wait get their share of the time first."""
        self._not_before = now + (now - begun) * (1 / SHARE - 1)

    def may_interrupt(self, now: float) -> bool:
        """Whether those that are due may be tried although others wait."""
        return now >= self._not_before

    def until_due(self, now: float) -> float | None:
        """Seconds until the first is due; None if there is none."""
        return max(0.0, min(parcel.due for parcel in self._parcels) - now) if self._parcels else None

    def take_due(self, now: float, limit: int) -> list[Parcel]:
        """Take up to `limit` of those that are due. One whose leases are lost is dropped: its message comes again."""
        known = [parcel for parcel in self._parcels if not parcel.watch.abandoned]
        due = [parcel for parcel in known if parcel.due <= now][:limit]
        self._parcels = [parcel for parcel in known if parcel not in due]
        return due
