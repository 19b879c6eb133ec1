import json

from tests.support import session_id
from tests.unit.support.builders import a_lease, a_watch, an_answer
from watcher.domain.errors import ServerFault, SessionNotFound, Throttled, UnreadableAnswer
from watcher.domain.model import NO_CONTEXT, SessionKey, SessionStatus
from watcher.sessions.poll_history import TRAIL_LIMIT

WAITING = an_answer(SessionStatus.IN_PROGRESS)


def test_polls_count_everything_and_answers_only_answers() -> None:
    watch = a_watch()
    for observation in (WAITING, Throttled("x"), WAITING, SessionNotFound("x")):
        watch.saw(observation)
    assert (watch.polls, watch.answers) == (4, 2)


def test_faults_count_in_a_row_and_are_forgotten_with_an_answer() -> None:
    watch = a_watch()
    watch.saw(ServerFault("x"))
    watch.saw(ServerFault("x"))
    assert watch.faults == 2
    watch.saw(WAITING)
    assert watch.faults == 0
    watch.saw(ServerFault("x"))
    assert watch.faults == 1


def test_unreadable_answers_count_in_a_row_and_another_fault_ends_the_row() -> None:
    watch = a_watch()
    watch.saw(UnreadableAnswer("x"))
    watch.saw(UnreadableAnswer("x"))
    assert watch.unreadable == 2
    watch.saw(ServerFault("x"))
    assert watch.unreadable == 0
    assert watch.faults == 3


def test_a_throttle_says_nothing_of_the_session_and_counts_by_itself() -> None:
    watch = a_watch()
    watch.saw(UnreadableAnswer("x"))
    watch.saw(Throttled("x"))
    watch.saw(Throttled("x"))
    assert (watch.polls, watch.throttles, watch.faults, watch.unreadable) == (3, 2, 1, 1)
    watch.saw(WAITING)
    assert watch.throttles == 0


def test_the_last_error_stays_after_an_answer() -> None:
    watch, error = a_watch(), Throttled("x")
    watch.saw(error)
    watch.saw(WAITING)
    assert watch.last_error is error


def test_what_sessions_have_in_common_is_kept_once_and_changes_for_one_alone() -> None:
    one, other = a_watch(1), a_watch(2)
    assert one.terms is other.terms
    for number in (1, 2, 3):
        one.put_under(a_lease(number))
    assert one.leases == [a_lease(1), a_lease(2), a_lease(3)]
    assert (other.leases, other.terms.leases) == ([], ())
    assert (one.key, one.born, one.deadline) == (SessionKey(session_id(1), "default"), other.born, other.deadline)


def test_what_a_message_brings_is_its_sessions_alone() -> None:
    watch, other = a_watch(1, context={"user": 7}, weight=12, traceparent="00-1-2-01"), a_watch(2)
    assert (watch.context, watch.weight, watch.traceparent) == (b'{"user":7}', 12, "00-1-2-01")
    assert (other.context, other.weight, other.traceparent) == (NO_CONTEXT, 0, "")


def test_birth_and_deadline_move_with_the_creation() -> None:
    watch = a_watch(1, lifetime=90.0)
    born = watch.born
    watch.created_at -= 20.0
    assert (watch.born, watch.deadline) == (born - 20.0, born + 70.0)


def test_the_trail_has_a_limit() -> None:
    watch = a_watch()
    for _ in range(TRAIL_LIMIT // 20):
        watch.note_poll(1.23456, "in_progress", 0.12344)
    assert TRAIL_LIMIT < len(watch.trail) < TRAIL_LIMIT + 100
    assert json.loads(watch.trail)[0] == {"at": 1.235, "event": "poll", "result": "in_progress", "seconds": 0.1234}


def test_the_trail_of_a_session_polled_each_second_to_its_end_is_whole() -> None:
    watch = a_watch()
    for second in range(180):
        watch.note_poll(1_763_834_746.123 + second, "in_progress", 0.1234, wait=1.234)
    assert len(json.loads(watch.trail)) == 180


def test_whatever_is_noted_the_trail_is_json() -> None:
    watch = a_watch()
    error = 'a "quote", a \\ and\na line\u2028'
    watch.note_poll(1.0, "timeout", 0.25, error=error, wait=2.0)
    noted = {"result": "timeout", "seconds": 0.25, "error": error, "next": 2.0}
    assert json.loads(watch.trail) == [{"at": 1.0, "event": "poll", **noted}]


def test_a_watch_that_nothing_happened_to_has_an_empty_trail() -> None:
    assert a_watch().trail == "[]"
