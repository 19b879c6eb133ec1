"""The creation time that a sender gives for a session: it moves polls, and ends nothing that AWS says is running."""

from watcher.domain.errors import PollError, SessionNotFound
from watcher.domain.model import SessionResult, SessionStatus
from watcher.sessions.session import FinalPoll, Session

AWS_LIFETIME = 180.0
"""Seconds from its creation for which AWS keeps a session and its data, by its page on CreateFaceLivenessSession."""

CLAIM_SLACK = 1.0
"""Seconds between creation and sending that need no check: the poll before the deadline is made as early as that."""

ROUNDING = 0.001
"""Seconds by which two messages' creation times differ without meaning it: that much is lost in rounding."""

Observation = SessionResult | PollError


def latest_creation(session: Session) -> float:
    """When (monotonic) it was created at the latest: its message was sent then, which only the queue can write."""
    return session.sent_at - session.wall_offset


def is_claimed(session: Session) -> bool:
    """Whether its deadline rests on a creation time that a sender gave, and that nobody has checked."""
    return session.sent_at - session.created_at > CLAIM_SLACK


def over_at(session: Session) -> float:
    """When (monotonic) it is decided by what is known: at its deadline.

    At one that is only claimed, it is if AWS was asked and did not answer. Else it is over when it would be if it had
    been created as its message was sent.
    """
    if not is_claimed(session) or session.is_unanswered:
        return session.deadline
    return latest_creation(session) + session.lifetime


def is_refuted(session: Session, observation: Observation, begun: float) -> bool:
    """Whether AWS knew the session after it would have forgotten it by the claim; the call began then (monotonic)."""
    is_known = isinstance(observation, SessionResult) and observation.status is not SessionStatus.EXPIRED
    return is_known and is_claimed(session) and begun - session.created_monotonic >= AWS_LIFETIME


def is_borne_out(session: Session, observation: Observation, begun: float) -> bool:
    """Whether AWS had forgotten the session after its claimed deadline, as it does if the claim is true."""
    is_expired = isinstance(observation, SessionResult) and observation.status is SessionStatus.EXPIRED
    is_forgotten = is_expired or isinstance(observation, SessionNotFound)
    return is_forgotten and is_claimed(session) and begun >= session.deadline


def refute(session: Session) -> float:
    """From now on the sent time counts as its creation. Returns the claim (epoch seconds)."""
    claimed = session.created_at
    session.created_at, session.final_poll = session.sent_at, FinalPoll.KEPT
    return claimed


def merge(session: Session, created_at: float, created_monotonic: float) -> None:
    """Another message's word for when it was created: the later one counts, and the deadline moves along.

    So no message can shorten a session. Nor can one make it last for ever: it was there when its first message was
    sent. Later on the monotonic clock: wall times of before and after a step of that clock can't be compared.
    """
    latest = min(created_monotonic, latest_creation(session))
    if latest > session.created_monotonic + ROUNDING:
        session.move_creation(created_at - (created_monotonic - latest), latest)
