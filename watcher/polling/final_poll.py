"""The poll that is kept for a session's deadline: when it begins, and what comes of bringing it forward.

Where many of them come together, `watcher.polling.deadline_queue` brings some forward: `Watch.last_poll_by`.
"""

from math import inf

from watcher.sessions.session import Watch

LAST_POLL_LEAD = 1.0
"""Seconds before the deadline (at most a twentieth of the time-out) at which the last poll begins: AWS forgets the
session at the deadline, and the answer takes its time."""

_PARTING = -inf


def lead(watch: Watch) -> float:
    """Seconds before its deadline at which the last poll of a watch begins, unless it is brought forward."""
    return min(LAST_POLL_LEAD, watch.terms.lifetime / 20)


def last_poll_at(watch: Watch) -> float:
    """When (monotonic) the poll that is kept for the deadline begins; earlier while it is brought forward."""
    brought_to, moment = watch.last_poll_by, watch.deadline - lead(watch)
    return brought_to if _PARTING < brought_to < moment else moment


def answered(watch: Watch, now: float) -> None:
    """Note that a poll was answered at `now`: just before the moment brought forward to is as good as at it."""
    if now >= watch.last_poll_by - lead(watch):
        watch.last_poll_by = _PARTING


def is_parting(watch: Watch) -> bool:
    """Whether its last poll was brought forward, and answered: any other before its deadline is a gift."""
    return watch.last_poll_by == _PARTING
