"""What of a batch is still to be taken, so that a retry doesn't send the whole of it again."""

from collections.abc import Iterable, Sequence

from watcher.model import DecisionEvent


class Untaken:
    """Remembers, for one batch at a time, which of its events were taken.

    A sink that failed in the middle of a batch gets the same batch again; only the rest of it has to go out. Nothing
    is remembered beyond the batch, nor over a restart: an event can still arrive twice, but not without need.
    """

    def __init__(self) -> None:
        self._batch: list[DecisionEvent] | None = None
        self._taken: set[int] = set()

    def of(self, events: Sequence[DecisionEvent]) -> list[int]:
        """The places in the batch that are left; all of them when it is not the batch that was begun."""
        batch = list(events)
        if batch != self._batch:
            self._batch, self._taken = batch, set()
        return [place for place in range(len(batch)) if place not in self._taken]

    def took(self, places: Iterable[int]) -> None:
        """Note that the events at these places of the batch were taken."""
        self._taken.update(places)

    def finish(self) -> None:
        """Forget the batch: the same events handed over again are a new request for them."""
        self._batch, self._taken = None, set()
