"""A creation time that a sender gave, until AWS bears it out or refutes it."""

import pytest

from tests.support import ManualClock
from tests.unit.support.builders import a_session, an_answer
from watcher.domain.errors import CallTimedOut, SessionNotFound
from watcher.domain.model import SessionStatus
from watcher.sessions import creation_claim
from watcher.sessions.session import Session

IN_PROGRESS, EXPIRED = an_answer(SessionStatus.IN_PROGRESS), an_answer(SessionStatus.EXPIRED)


@pytest.fixture
def claimed() -> Session:
    """A session that, its message says, was created 100 s before it was sent."""
    return a_session(1, ManualClock(), sent_after=100.0)


def test_a_time_of_the_queue_is_no_claim() -> None:
    assert not creation_claim.is_claimed(a_session(1, ManualClock()))


def test_a_claimed_deadline_counts_only_if_aws_does_not_answer(claimed: Session) -> None:
    assert creation_claim.is_claimed(claimed)
    assert creation_claim.over_at(claimed) == claimed.deadline + 100.0
    claimed.record(CallTimedOut("x"))
    assert creation_claim.over_at(claimed) == claimed.deadline


@pytest.mark.parametrize("observation", [EXPIRED, SessionNotFound("x")])
def test_a_session_that_is_forgotten_after_its_deadline_bears_the_claim_out(
    claimed: Session, observation: SessionNotFound
) -> None:
    assert creation_claim.is_borne_out(claimed, observation, claimed.deadline)
    assert not creation_claim.is_borne_out(claimed, observation, claimed.deadline - 1.0)
    assert not creation_claim.is_refuted(claimed, observation, claimed.deadline + 60.0)


def test_a_session_that_aws_still_knows_refutes_the_claim_and_counts_from_its_message(claimed: Session) -> None:
    created_at, deadline = claimed.created_at, claimed.deadline
    assert not creation_claim.is_refuted(claimed, IN_PROGRESS, deadline - 60.0)
    assert creation_claim.is_refuted(claimed, IN_PROGRESS, deadline + 60.0)
    assert creation_claim.refute(claimed) == created_at
    assert claimed.deadline == deadline + 100.0
    assert not creation_claim.is_claimed(claimed)


def test_another_message_can_only_make_a_session_younger_and_not_than_its_first(claimed: Session) -> None:
    at, monotonic = claimed.created_at, claimed.created_monotonic
    creation_claim.merge(claimed, at - 50.0, monotonic - 50.0)
    assert claimed.created_monotonic == monotonic
    creation_claim.merge(claimed, at + 40.0, monotonic + 40.0)
    assert claimed.created_monotonic == pytest.approx(monotonic + 40.0)
    creation_claim.merge(claimed, at + 500.0, monotonic + 500.0)
    assert claimed.created_monotonic == pytest.approx(monotonic + 100.0)
