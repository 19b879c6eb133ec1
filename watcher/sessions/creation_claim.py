"""The creation time that a sender gives for a session: it moves polls, but ends no session that still runs."""

from watcher.domain.errors import PollError, SessionNotFound
from watcher.domain.model import SessionResult, SessionStatus
from watcher.sessions.session import FinalPoll, Session

AWS_LIFETIME = 180.0
"""Seconds from its creation for which AWS keeps a session and its data (CreateFaceLivenessSession, API reference)."""

CLAIM_SLACK = 1.0
"""Seconds between creation and sending that need no check: the poll before the deadline is that early anyway."""

ROUNDING = 0.001
"""Seconds by which the creation times of two messages may differ through rounding."""

Observation = SessionResult | PollError


def latest_creation(session: Session) -> float:
    """Its latest possible creation (monotonic): when its message was sent, which only the queue can write."""
    return session.sent_at - session.wall_offset


def is_claimed(session: Session) -> bool:
    """Whether its deadline rests on a creation time that a sender gave and that has not been checked."""
    return session.sent_at - session.created_at > CLAIM_SLACK


def over_at(session: Session) -> float:
    """When (monotonic) it is decided from what is known: at its deadline.

    A claimed deadline applies only if AWS was polled and did not answer. Otherwise the session ends as if it had been
    created when its message was sent.
    """
    if not is_claimed(session) or session.is_unanswered:
        return session.deadline
    return latest_creation(session) + session.lifetime


def is_refuted(session: Session, observation: Observation, begun: float) -> bool:
    """Whether AWS still knew the session at `begun` (monotonic), which contradicts the claim."""
    is_known = isinstance(observation, SessionResult) and observation.status is not SessionStatus.EXPIRED
    return is_known and is_claimed(session) and begun - session.created_monotonic >= AWS_LIFETIME


def is_borne_out(session: Session, observation: Observation, begun: float) -> bool:
    """Whether AWS had forgotten the session after its claimed deadline, as it does if the claim is true."""
    is_expired = isinstance(observation, SessionResult) and observation.status is SessionStatus.EXPIRED
    is_forgotten = is_expired or isinstance(observation, SessionNotFound)
    return is_forgotten and is_claimed(session) and begun >= session.deadline


def refute(session: Session) -> float:
    """Use the sent time as its creation from now on. Returns the claim (epoch seconds)."""
    claimed = session.created_at
    session.created_at, session.final_poll = session.sent_at, FinalPoll.KEPT
    return claimed


def merge(session: Session, created_at: float, created_monotonic: float) -> None:
    """Merge another message's creation time: the later one counts, and the deadline moves with it.

    So no message can shorten a session. Nor can one make it last forever: it existed when its first message was sent.
    Compared on the monotonic clock, because wall times from before and after a clock step are not comparable.
    """
    latest = min(created_monotonic, latest_creation(session))
    if latest > session.created_monotonic + ROUNDING:
        session.move_creation(created_at - (created_monotonic - latest), latest)
