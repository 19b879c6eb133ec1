"""What a session's polls have shown so far."""

import json

import pytest

from tests.unit.support.builders import an_answer
from watcher.domain.errors import (
    AccessDenied,
    CallTimedOut,
    PollError,
    SessionNotFound,
    Throttled,
    UnknownStatus,
)
from watcher.domain.model import SessionStatus
from watcher.sessions.poll_history import TRAIL_LIMIT, PollHistory

ANSWER = an_answer(SessionStatus.IN_PROGRESS)


def test_faults_in_a_row_end_with_an_answer() -> None:
    history = PollHistory()
    for observation in (ANSWER, CallTimedOut("x"), AccessDenied("x")):
        history.record(observation)
    assert (history.polls, history.answers, history.faults) == (3, 1, 2)
    history.record(ANSWER)
    assert (history.polls, history.answers, history.faults) == (4, 2, 0)


def test_a_throttle_changes_only_its_own_count() -> None:
    history = PollHistory()
    for observation in (CallTimedOut("x"), Throttled("x"), Throttled("x")):
        history.record(observation)
    assert (history.faults, history.throttles) == (1, 2)
    assert isinstance(history.latest, CallTimedOut)
    history.record(ANSWER)
    assert (history.faults, history.throttles) == (0, 0)


@pytest.mark.parametrize(
    ("observation", "is_unanswered"),
    [
        (ANSWER, False),
        (CallTimedOut("x"), True),
        (AccessDenied("x"), True),
        (Throttled("x"), False),
        (SessionNotFound("x"), False),
        (UnknownStatus("x", "PAUSED"), False),
    ],
)
def test_a_session_is_unanswered_after_a_fault_that_says_nothing_of_it(
    observation: PollError, *, is_unanswered: bool
) -> None:
    history = PollHistory()
    assert not history.is_unanswered
    history.record(observation)
    assert history.is_unanswered is is_unanswered


def test_notes_are_members_of_a_list_of_json() -> None:
    history = PollHistory()
    history.note_poll(10.0, "in_progress", 0.25, "", 1.5)
    history.note_poll(11.75, "fault", 0.5, 'a "quoted"\nline', None)
    assert json.loads(f"[0{history.notes}]")[1:] == [
        {"at": 10.0, "event": "poll", "result": "in_progress", "seconds": 0.25, "next": 1.5},
        {"at": 11.75, "event": "poll", "result": "fault", "seconds": 0.5, "error": 'a "quoted"\nline'},
    ]


def test_notes_have_a_bound() -> None:
    history = PollHistory()
    for number in range(2000):
        history.note_poll(float(number), "in_progress", 0.1, "", 1.0)
    assert TRAIL_LIMIT <= len(history.notes) < TRAIL_LIMIT + 200
