"""The poll that is reserved for a session's deadline: when it begins, and what follows if it is brought forward.

If a sender claims when the session was created, one more poll just after the claimed deadline checks the claim.

If many coincide, `watcher.polling.deadline_queue` brings some forward: `Session.final_poll_by`.
"""

from watcher.sessions.creation_claim import is_claimed, over_at
from watcher.sessions.session import FinalPoll, Session

FINAL_POLL_LEAD = 1.0
"""Seconds before the deadline (at most a twentieth of the time-out) at which the final poll begins: AWS forgets the
session at the deadline, and the answer takes time."""

CHECK_SHARE = 0.5
"""Share of that lead after a claimed deadline at which the poll begins that checks it. Late enough that AWS has
forgotten the session if the claim is true, early enough for a decision within one second."""


def lead_seconds(session: Session) -> float:
    """Seconds before its deadline at which the final poll of a session begins, unless it is brought forward."""
    return min(FINAL_POLL_LEAD, session.lifetime / 20)


def final_poll_at(session: Session) -> float:
    """When (monotonic) the poll that is reserved for the deadline begins; earlier if it was brought forward.

    Once that one is answered, a claimed deadline has another just after it.
    """
    if session.final_poll is FinalPoll.DONE and is_claimed(session):
        return claim_check_at(session)
    kept = session.deadline - lead_seconds(session)
    return min(session.final_poll_by, kept) if session.final_poll is FinalPoll.BROUGHT_FORWARD else kept


def claim_check_at(session: Session) -> float:
    """When (monotonic) the poll begins that checks a claimed deadline."""
    return session.deadline + CHECK_SHARE * lead_seconds(session)


def next_poll_at(session: Session, now: float) -> float:
    """The latest time (monotonic) at which it has to be polled next, or decided."""
    if not is_claimed(session):
        kept = final_poll_at(session)
        return kept if now < kept else session.deadline
    over = over_at(session)
    moments = (final_poll_at(session), claim_check_at(session), over - lead_seconds(session), over)
    return min((moment for moment in moments if moment > now), default=over)


def record_answer(session: Session, now: float) -> None:
    """Note that a poll was answered at `now`; just before the time that it was brought forward to counts as well."""
    if session.final_poll is FinalPoll.BROUGHT_FORWARD and now >= session.final_poll_by - lead_seconds(session):
        session.final_poll = FinalPoll.DONE


def is_done(session: Session) -> bool:
    """Whether its final poll was brought forward and answered: any further poll before the deadline is optional.

    False before a deadline that is only claimed.
    """
    return session.final_poll is FinalPoll.DONE and not is_claimed(session)
