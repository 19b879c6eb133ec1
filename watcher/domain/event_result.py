"""The result of delivering one event. Results are values; a failure of the whole sink is raised."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

from watcher.domain.errors import SinkError


class EventStatus(Enum):
    """How an event fared in one attempt.

    FAILED: the receiver got the event, and answered with a failure or not at all. REJECTED: the receiver says that
    the event itself is wrong. NOT_ATTEMPTED: it did not reach the receiver, or was turned away for a reason that
    concerns the whole sink, so this says nothing about the event.
    """

    DELIVERED = auto()
    FAILED = auto()
    REJECTED = auto()
    NOT_ATTEMPTED = auto()


class EventResult(NamedTuple):
    """The status of one event, and the `reason` in one line, with the fix where one is known.

    `is_final`: no retry can succeed unless the target changes (the event is too large).
    """

    status: EventStatus
    reason: str = ""
    is_final: bool = False


DELIVERED = EventResult(EventStatus.DELIVERED)


def failed(reason: str) -> EventResult:
    """The receiver failed at this event."""
    return EventResult(EventStatus.FAILED, reason)


def rejected(reason: str, *, is_final: bool = False) -> EventResult:
    """The receiver says that this event is wrong."""
    return EventResult(EventStatus.REJECTED, reason, is_final)


def not_attempted(reason: str) -> EventResult:
    """Something that concerns the whole sink kept this event from its receiver."""
    return EventResult(EventStatus.NOT_ATTEMPTED, reason)


def results_or_error(results: Sequence[EventResult], error: SinkError | None = None) -> Sequence[EventResult]:
    """`results`, if at least one of the events reached the receiver, or if there are none.

    Raises:
        SinkError: nothing was attempted: `error`, or else the first reason.
    """
    if any(result.status is not EventStatus.NOT_ATTEMPTED for result in results) or not results:
        return results
    raise error or SinkError(results[0].reason)
