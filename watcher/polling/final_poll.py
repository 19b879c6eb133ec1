"""The poll that is kept for a session's deadline: when it begins, and what comes of bringing it forward.

Where a sender claims when the session was created, one more poll just after the claimed deadline checks the claim.

Where many of them come together, `watcher.polling.deadline_queue` brings some forward: `Watch.last_poll_by`.
"""

from math import inf

from watcher.sessions.creation_claim import is_claimed, over_at
from watcher.sessions.session import Watch

LAST_POLL_LEAD = 1.0
"""Seconds before the deadline (at most a twentieth of the time-out) at which the last poll begins: AWS forgets the
session at the deadline, and the answer takes its time."""

CHECK_SHARE = 0.5
"""Of that lead: how long after a claimed deadline the poll begins that checks it. Late enough that AWS has forgotten
the session if the claim is true, early enough for a decision within one second."""

_PARTING = -inf


def lead(watch: Watch) -> float:
    """Seconds before its deadline at which the last poll of a watch begins, unless it is brought forward."""
    return min(LAST_POLL_LEAD, watch.terms.lifetime / 20)


def last_poll_at(watch: Watch) -> float:
    """When (monotonic) the poll that is kept for the deadline begins; earlier while it is brought forward.

    If that one was answered, a claimed deadline has another just after it.
    """
    if watch.last_poll_by == _PARTING and is_claimed(watch):
        return check_at(watch)
    brought_to, moment = watch.last_poll_by, watch.deadline - lead(watch)
    return brought_to if _PARTING < brought_to < moment else moment


def check_at(watch: Watch) -> float:
    """When (monotonic) the poll begins that checks a claimed deadline."""
    return watch.deadline + CHECK_SHARE * lead(watch)


def next_moment(watch: Watch, now: float) -> float:
    """When (monotonic) it has to be polled next, or decided, at the latest."""
    if not is_claimed(watch):
        kept = last_poll_at(watch)
        return kept if now < kept else watch.deadline
    over = over_at(watch)
    moments = (last_poll_at(watch), check_at(watch), over - lead(watch), over)
    return min((moment for moment in moments if moment > now), default=over)


def answered(watch: Watch, now: float) -> None:
    """Note that a poll was answered at `now`: just before the moment brought forward to is as good as at it."""
    if now >= watch.last_poll_by - lead(watch):
        watch.last_poll_by = _PARTING


def is_parting(watch: Watch) -> bool:
    """Whether its last poll was brought forward, and answered: any other before its deadline is a gift.

    Not before a deadline that is only claimed.
    """
    return watch.last_poll_by == _PARTING and not is_claimed(watch)
