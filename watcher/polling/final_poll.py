"""The poll that is kept for a session's deadline: when it begins, and what comes of bringing it forward.

Where a sender claims when the session was created, one more poll just after the claimed deadline checks the claim.

Where many of them come together, `watcher.polling.deadline_queue` brings some forward: `Session.final_poll_by`.
"""

from watcher.sessions.creation_claim import is_claimed, over_at
from watcher.sessions.session import FinalPoll, Session

FINAL_POLL_LEAD = 1.0
"""Seconds before the deadline (at most a twentieth of the time-out) at which the last poll begins: AWS forgets the
session at the deadline, and the answer takes its time."""

CHECK_SHARE = 0.5
"""Of that lead: how long after a claimed deadline the poll begins that checks it. Late enough that AWS has forgotten
the session if the claim is true, early enough for a decision within one second."""


def lead_seconds(session: Session) -> float:
    """Seconds before its deadline at which the last poll of a session begins, unless it is brought forward."""
    return min(FINAL_POLL_LEAD, session.lifetime / 20)


def final_poll_at(session: Session) -> float:
    """When (monotonic) the poll that is kept for the deadline begins; earlier while it is brought forward.

    If that one was answered, a claimed deadline has another just after it.
    """
    if session.final_poll is FinalPoll.DONE and is_claimed(session):
        return claim_check_at(session)
    kept = session.deadline - lead_seconds(session)
    return min(session.final_poll_by, kept) if session.final_poll is FinalPoll.BROUGHT_FORWARD else kept


def claim_check_at(session: Session) -> float:
    """When (monotonic) the poll begins that checks a claimed deadline."""
    return session.deadline + CHECK_SHARE * lead_seconds(session)


def next_poll_at(session: Session, now: float) -> float:
    """When (monotonic) it has to be polled next, or decided, at the latest."""
    if not is_claimed(session):
        kept = final_poll_at(session)
        return kept if now < kept else session.deadline
    over = over_at(session)
    moments = (final_poll_at(session), claim_check_at(session), over - lead_seconds(session), over)
    return min((moment for moment in moments if moment > now), default=over)


def record_answer(session: Session, now: float) -> None:
    """Note that a poll was answered at `now`: just before the moment brought forward to is as good as at it."""
    if session.final_poll is FinalPoll.BROUGHT_FORWARD and now >= session.final_poll_by - lead_seconds(session):
        session.final_poll = FinalPoll.DONE


def is_done(session: Session) -> bool:
    """Whether its last poll was brought forward, and answered: any other before its deadline is a gift.

    Not before a deadline that is only claimed.
    """
    return session.final_poll is FinalPoll.DONE and not is_claimed(session)
