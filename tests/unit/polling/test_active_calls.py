"""The calls under way, and who continues with their sessions."""

import pytest

from tests.support import ManualClock
from tests.unit.support.builders import a_session
from watcher.polling.active_calls import ActiveCalls
from watcher.sessions.session import Session


@pytest.fixture
def session() -> Session:
    return a_session(1, ManualClock())


def test_the_worker_keeps_its_session_unless_somebody_was_first(session: Session) -> None:
    calls = ActiveCalls()
    calls.begin(session, 10.0)
    assert calls.end(session)
    calls.begin(session, 20.0)
    assert calls.claim(session) == 20.0
    assert calls.claim(session) is None
    assert not calls.end(session)


def test_a_call_outlasts_its_session_some_time_after_the_deadline_or_after_a_late_start(session: Session) -> None:
    calls, deadline = ActiveCalls(), session.deadline
    calls.begin(session, deadline - 5.0)
    assert calls.outlasting(deadline + 1.9, after_deadline=2.0, late=10.0) == []
    assert calls.outlasting(deadline + 2.0, after_deadline=2.0, late=10.0) == [session]
    calls.begin(session, deadline + 1.0)
    assert calls.outlasting(deadline + 10.9, after_deadline=2.0, late=10.0) == []
    assert calls.outlasting(deadline + 11.0, after_deadline=2.0, late=10.0) == [session]


def test_a_call_that_was_given_up_still_waits(session: Session) -> None:
    calls = ActiveCalls()
    calls.begin(session, 10.0)
    calls.claim(session)
    assert calls.waiting(25.0, 10.0) == [15.0]
    assert calls.waiting(19.0, 10.0) == []
    assert calls.outlasting(session.deadline + 100.0, 2.0, 10.0) == []
    calls.end(session)
    assert calls.waiting(25.0, 10.0) == []
