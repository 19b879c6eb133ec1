"""Poison events: events that fail because of what they contain."""

import math
from collections.abc import Sequence
from enum import Enum, auto

from watcher.delivery.pending import PendingDelivery
from watcher.domain.event_result import EventResult, EventStatus

LONGEST_PAUSE = 60.0
"""Maximum seconds until a quarantined event is retried; the first pause doubles each time up to this."""

SHARE = 0.25
"""The share of a sink's time, and of a batch, that quarantined events get while others wait. It is an upper bound,
because they may be many and each may take until its time-out; and a lower bound, because a sink that works again
should get them."""

REJECTIONS = 6
"""Rejections (half a minute of them) after which they count as final, if the sink delivers other events."""

ATTEMPTS = 16
"""Attempts (some ten minutes of them) after which any event is given up. A broken receiver may reject everything for
a while, but an event that can't be delivered must not stay forever."""


class Ruling(Enum):
    """What happens to an event that was not delivered."""

    RETRY = auto()
    QUARANTINED = auto()
    GIVEN_UP = auto()


class Quarantine:
    """Decides which events are poison, and keeps them apart from a sink's other events.

    1. An event is quarantined when its receiver rejects it, or when it fails twice and the sink delivers another
       event in between; a fault of the sink, the network or this machine never counts.
    2. A quarantined event is tried apart from the others, after 1 s, then twice as long each time, up to 60 s.
    3. It is given up at once if the rejection is final, at its 6th rejection if the sink has delivered others
       meanwhile, and else at its 16th attempt, after some ten minutes.
    """

    def __init__(self) -> None:
        self._pending: list[PendingDelivery] = []
        self._deliveries = 0
        """Number of batches with a delivery: it tells a failure whether there has been one since."""
        self._not_before = -math.inf

    def __len__(self) -> int:
        return len(self._pending)

    def record_delivery(self) -> None:
        """The sink delivered something. Call it after the failures of the same batch have been recorded."""
        self._deliveries += 1

    def record_failure(self, pending: PendingDelivery, result: EventResult, now: float) -> Ruling:
        """Count a failure or rejection of an attempted event; decides what happens to it."""
        last, pending.last_failure = pending.last_failure, self._deliveries
        if pending.first_failure is None:
            pending.first_failure = self._deliveries
        is_rejected = result.status is EventStatus.REJECTED
        if not is_rejected and (last is None or self._deliveries == last):
            return Ruling.RETRY
        pending.strikes += 1
        is_believed = is_rejected and self._deliveries > pending.first_failure
        if result.is_final or pending.strikes >= (REJECTIONS if is_believed else ATTEMPTS):
            return Ruling.GIVEN_UP
        pending.due = now + pending.pause
        pending.pause = min(LONGEST_PAUSE, 2 * pending.pause)
        self._pending.append(pending)
        return Ruling.QUARANTINED

    def put_back(self, pending: Sequence[PendingDelivery]) -> None:
        """Put these, which were taken but not tried, before the others again."""
        self._pending[:0] = pending

    def record_time(self, begun: float, now: float) -> None:
        """Quarantined events were attempted from `begun` until `now`: now the others get their share."""
        self._not_before = now + (now - begun) * (1 / SHARE - 1)

    def may_interrupt(self, now: float) -> bool:
        """Whether due ones may be attempted although others wait."""
        return now >= self._not_before

    def seconds_until_due(self, now: float) -> float | None:
        """Seconds until the first is due; None if there is none."""
        return max(0.0, min(pending.due for pending in self._pending) - now) if self._pending else None

    def take_due(self, now: float, limit: int) -> list[PendingDelivery]:
        """Take up to `limit` due ones. Those whose leases are lost are dropped: their messages are redelivered."""
        held = [pending for pending in self._pending if not pending.session.is_abandoned]
        due = [pending for pending in held if pending.due <= now][:limit]
        self._pending = [pending for pending in held if pending not in due]
        return due
