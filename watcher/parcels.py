"""Decisions on their way to a sink, and those among them that are themselves what is wrong."""

from dataclasses import dataclass

from watcher.model import DecisionEvent
from watcher.watch import Watch

FIRST_REST, LONGEST_REST = 1.0, 60.0
"""Seconds until a suspect is tried again, doubled each time up to the longest."""


@dataclass(slots=True, eq=False)
class Parcel:
    """A decision on its way to a sink, and the watch that waits for its arrival.

    `refused_after` is how many batches the sink had taken something of when it first refused this one. `due`
    (monotonic seconds) is when a suspect is tried next, `rest` how long it then waits if it is refused again.
    """

    watch: Watch
    event: DecisionEvent
    refused_after: int | None = None
    due: float = 0.0
    rest: float = FIRST_REST

    def is_suspect(self, successes_before: int, successes: int) -> bool:
        """Whether this one, which was just refused, and not its sink is what is wrong.

        It is when it was refused before and the sink has taken others since (`successes`), or together with it.
        """
        if self.refused_after is None:
            self.refused_after = successes_before
            return False
        return successes > self.refused_after


class Suspects:
    """Parcels that are refused while others are taken: tried apart, after longer and longer rests."""

    def __init__(self) -> None:
        self._parcels: list[Parcel] = []

    def add(self, parcel: Parcel, now: float) -> None:
        """Let this one rest."""
        parcel.due = now + parcel.rest
        parcel.rest = min(LONGEST_REST, 2 * parcel.rest)
        self._parcels.append(parcel)

    def until_due(self, now: float) -> float | None:
        """Seconds until the first is due; None if there is none."""
        return max(0.0, min(parcel.due for parcel in self._parcels) - now) if self._parcels else None

    def take_due(self, now: float, limit: int) -> list[Parcel]:
        """Take up to `limit` of those that are due. One whose leases are lost is dropped: its message comes again."""
        known = [parcel for parcel in self._parcels if not parcel.watch.abandoned]
        due = [parcel for parcel in known if parcel.due <= now][:limit]
        self._parcels = [parcel for parcel in known if parcel not in due]
        return due
