import json

from tests.unit.support.builders import a_lease, a_session, an_answer
from watcher.domain.errors import ServerFault, SessionNotFound, Throttled, UnreadableAnswer
from watcher.domain.model import NO_CONTEXT, SessionStatus
from watcher.sessions.poll_history import TRAIL_LIMIT

WAITING = an_answer(SessionStatus.IN_PROGRESS)


def test_polls_count_everything_and_answers_only_answers() -> None:
    session = a_session()
    for observation in (WAITING, Throttled("x"), WAITING, SessionNotFound("x")):
        session.record(observation)
    assert (session.polls, session.answers) == (4, 2)


def test_faults_count_in_a_row_and_are_forgotten_with_an_answer() -> None:
    session = a_session()
    session.record(ServerFault("x"))
    session.record(ServerFault("x"))
    assert session.faults == 2
    session.record(WAITING)
    assert session.faults == 0
    session.record(ServerFault("x"))
    assert session.faults == 1


def test_unreadable_answers_count_in_a_row_and_another_fault_ends_the_row() -> None:
    session = a_session()
    session.record(UnreadableAnswer("x"))
    session.record(UnreadableAnswer("x"))
    assert session.unreadable == 2
    session.record(ServerFault("x"))
    assert session.unreadable == 0
    assert session.faults == 3


def test_a_throttle_says_nothing_of_the_session_and_counts_by_itself() -> None:
    session = a_session()
    session.record(UnreadableAnswer("x"))
    session.record(Throttled("x"))
    session.record(Throttled("x"))
    assert (session.polls, session.throttles, session.faults, session.unreadable) == (3, 2, 1, 1)
    session.record(WAITING)
    assert session.throttles == 0


def test_the_last_error_stays_after_an_answer() -> None:
    session, error = a_session(), Throttled("x")
    session.record(error)
    session.record(WAITING)
    assert session.last_error is error


def test_the_leases_of_a_session_are_those_that_are_held() -> None:
    session, other = a_session(1), a_session(2)
    for number in (1, 2, 3):
        session.add_lease(a_lease(number))
    session.leases[0].session = None
    assert (session.leases, other.leases) == ([a_lease(2), a_lease(3)], [])


def test_what_a_message_brings_is_its_sessions_alone() -> None:
    session, other = a_session(1, context={"user": 7}, context_bytes=12, traceparent="00-1-2-01"), a_session(2)
    assert (session.context, session.context_bytes, session.traceparent) == (b'{"user":7}', 12, "00-1-2-01")
    assert (other.context, other.context_bytes, other.traceparent) == (NO_CONTEXT, 0, "")


def test_birth_and_deadline_move_with_the_creation() -> None:
    session = a_session(1, lifetime=90.0)
    created_monotonic = session.created_monotonic
    session.created_at -= 20.0
    assert (session.created_monotonic, session.deadline) == (created_monotonic - 20.0, created_monotonic + 70.0)


def test_the_trail_has_a_limit() -> None:
    session = a_session()
    for _ in range(TRAIL_LIMIT // 20):
        session.note_poll(1.23456, "in_progress", 0.12344)
    assert TRAIL_LIMIT < len(session.history) < TRAIL_LIMIT + 100
    assert json.loads(session.history)[0] == {
        "at": 1.235,
        "event": "poll",
        "result": "in_progress",
        "seconds": 0.1234,
    }


def test_the_trail_of_a_session_polled_each_second_to_its_end_is_whole() -> None:
    session = a_session()
    for second in range(180):
        session.note_poll(1_763_834_746.123 + second, "in_progress", 0.1234, wait=1.234)
    assert len(json.loads(session.history)) == 180


def test_whatever_is_noted_the_trail_is_json() -> None:
    session = a_session()
    error = 'a "quote", a \\ and\na line\u2028'
    session.note_poll(1.0, "timeout", 0.25, error=error, wait=2.0)
    noted = {"result": "timeout", "seconds": 0.25, "error": error, "next": 2.0}
    assert json.loads(session.history) == [{"at": 1.0, "event": "poll", **noted}]


def test_a_session_that_nothing_happened_to_has_an_empty_trail() -> None:
    assert a_session().history == "[]"
