"""The creation time that a sender gives for a session: it moves polls, and ends nothing that AWS says is running."""

from math import inf

from watcher.domain.errors import PollError, SessionNotFound
from watcher.domain.model import SessionResult, SessionStatus
from watcher.sessions.session import Watch

AWS_LIFETIME = 180.0
"""Seconds from its creation for which AWS keeps a session and its data, by its page on CreateFaceLivenessSession."""

CLAIM_SLACK = 1.0
"""Seconds between creation and sending that need no check: the poll before the deadline is made as early as that."""

ROUNDING = 0.001
"""Seconds by which two messages' creation times differ without meaning it: that much is lost in rounding."""

Observation = SessionResult | PollError


def latest_birth(watch: Watch) -> float:
    """When (monotonic) it was created at the latest: its message was sent then, which only the queue can write."""
    return watch.sent_at - watch.terms.epoch


def is_claimed(watch: Watch) -> bool:
    """Whether its deadline rests on a creation time that a sender gave, and that nobody has checked."""
    return watch.sent_at - watch.created_at > CLAIM_SLACK


def over_at(watch: Watch) -> float:
    """When (monotonic) it is decided by what is known: at its deadline.

    At one that is only claimed, it is if AWS was asked and did not answer. Else it is over when it would be if it had
    been created as its message was sent.
    """
    if not is_claimed(watch) or watch.is_unanswered:
        return watch.deadline
    return latest_birth(watch) + watch.terms.lifetime


def is_refuted(watch: Watch, observation: Observation, begun: float) -> bool:
    """Whether AWS knew the session after it would have forgotten it by the claim; the call began then (monotonic)."""
    is_known = isinstance(observation, SessionResult) and observation.status is not SessionStatus.EXPIRED
    return is_known and is_claimed(watch) and begun - watch.born >= AWS_LIFETIME


def is_borne_out(watch: Watch, observation: Observation, begun: float) -> bool:
    """Whether AWS had forgotten the session after its claimed deadline, as it does if the claim is true."""
    is_expired = isinstance(observation, SessionResult) and observation.status is SessionStatus.EXPIRED
    is_forgotten = is_expired or isinstance(observation, SessionNotFound)
    return is_forgotten and is_claimed(watch) and begun >= watch.deadline


def refute(watch: Watch) -> float:
    """From now on the sent time counts as its creation. Returns the claim (epoch seconds)."""
    claimed, watch.created_at, watch.last_poll_by = watch.created_at, watch.sent_at, inf  # not its terms: see Watch
    return claimed


def join(watch: Watch, created_at: float, born: float) -> None:
    """Another message's word for when it was created: the later one counts, and the deadline moves along.

    So no message can shorten a session. Nor can one make it last for ever: it was there when its first message was
    sent. Later on the monotonic clock: wall times of before and after a step of that clock can't be compared.
    """
    latest = min(born, latest_birth(watch))
    if latest > watch.born + ROUNDING:
        watch.move_creation(created_at - (born - latest), latest)
