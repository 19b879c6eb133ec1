"""When a session was created, according to its message and to when the message was sent."""

from typing import NamedTuple


class Creation(NamedTuple):
    """`at`: epoch seconds from which the session's time counts; `is_given`: whether the message gave that time.

    `rejected`: an impossible time that the message gave; None if there is none.
    """

    at: float
    is_given: bool
    rejected: float | None


def created(given: float | None, sent_at: float, first_sent_at: float | None, lifetime: float) -> Creation:
    """The creation of a session, in epoch seconds; `lifetime` is a session's seconds.

    `given` is the message's `createdAt`, `first_sent_at` when a replayed dead letter was first sent. A sender can
    write both, but only the queue writes `sent_at`. No one sends a message for a session that is over, so a time more
    than a lifetime before `sent_at` is rejected: it would end a session that has just begun. Of the rest the earliest
    counts, because a session is created before its messages are sent.
    """
    claims = [time for time in (given, first_sent_at) if time is not None]
    earliest = sent_at - lifetime
    at = min([sent_at, *(time for time in claims if time >= earliest)])
    return Creation(
        at,
        is_given=given is not None and given >= earliest,
        rejected=min((time for time in claims if time < earliest), default=None),
    )
