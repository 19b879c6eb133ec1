"""Decisions on their way to a sink, in order."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from watcher.domain.model import DecisionEvent
from watcher.sessions.session import Session

FIRST_PAUSE = 1.0
"""Seconds until the first retry of a quarantined event."""


@dataclass(slots=True, eq=False)
class PendingDelivery:
    """A decision on its way to a sink, and the session that waits for its delivery.

    `first_failure` and `last_failure`: how many deliveries the sink had made by then; None before the first.
    `strikes`: failures that counted against this event. `was_skipped`: it has been in a batch that ended before its
    turn. `due` (monotonic seconds): when it is tried next in quarantine; `pause`: the wait after that.
    """

    session: Session
    event: DecisionEvent
    first_failure: int | None = None
    last_failure: int | None = None
    strikes: int = 0
    was_skipped: bool = False
    due: float = 0.0
    pause: float = FIRST_PAUSE


class DeliveryQueue:
    """Deliveries that wait for their first or next attempt, in order."""

    def __init__(self) -> None:
        self._pending: deque[PendingDelivery] = deque()

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, pending: Iterable[PendingDelivery]) -> None:
        """Add these after the others."""
        self._pending.extend(pending)

    def put_back(self, pending: Sequence[PendingDelivery]) -> None:
        """Put these, which were taken but not attempted, back in front."""
        for each in reversed(pending):
            each.was_skipped = True
            self._pending.appendleft(each)

    def take(self, limit: int) -> list[PendingDelivery]:
        """Take up to `limit`."""
        return [self._pending.popleft() for _ in range(min(limit, len(self._pending)))]

    def take_trial(self) -> list[PendingDelivery]:
        """Take one for a sink that seems to be down, preferably one that has never failed.

        Otherwise a good decision would wait behind all those that made the sink look down. Even better is one that
        was in no failed batch, because poison events often come together.
        """
        doubts = [(pending.first_failure is not None, pending.was_skipped) for pending in self._pending]
        place = doubts.index(min(doubts)) if doubts else 0
        self._pending.rotate(-place)
        found = self.take(1)
        self._pending.rotate(place)
        return found

    def drop_abandoned(self) -> None:
        """Drop those whose leases are lost: their messages are redelivered."""
        self._pending = deque(pending for pending in self._pending if not pending.session.is_abandoned)
