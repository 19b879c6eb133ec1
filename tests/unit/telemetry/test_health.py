import math

from structlog.testing import capture_logs

from tests.support import ManualClock
from watcher.domain.errors import AccessDenied, QueueError, SinkError
from watcher.telemetry.health import (
    LOOKUPS,
    OUTSIDE_LIMIT,
    OWN_LIMIT,
    RESOLVING,
    SLACK,
    SLOW_CALL,
    Liveness,
    call_allowance,
)
from watcher.telemetry.readiness import Readiness


def test_a_thread_that_works_is_late_after_its_limit_and_never_at_rest() -> None:
    clock = ManualClock()
    liveness = Liveness(clock)
    beat = liveness.beat("poller")
    clock.advance(1000.0)
    assert liveness.late() == []
    beat.beat()
    clock.advance(OWN_LIMIT)
    assert liveness.late() == []
    clock.advance(0.1)
    assert liveness.late() == ["poller: no progress for 20 s"]
    beat.rest()
    assert liveness.late() == []
    assert beat.silence() == 0.0


def test_what_is_stuck_is_named_within_30_seconds() -> None:
    """A probe every few seconds comes on top."""
    assert max(OWN_LIMIT, SLOW_CALL) <= 20.0


def test_of_several_calls_of_one_part_the_longest_is_named() -> None:
    clock = ManualClock()
    liveness = Liveness(clock)
    first, second = liveness.beat("recorder"), liveness.beat("acker")
    with first.calling("ledger", "record", 300.0):
        clock.advance(5.0)
        with second.calling("ledger", "mark_acked", 300.0):
            clock.advance(21.0)
            slow = liveness.slow_calls()
    assert slow == {"ledger": "no answer for 26 s (record, called by the thread recorder)"}


def test_a_clock_that_was_set_makes_nobody_late() -> None:
    clock = ManualClock()
    liveness = Liveness(clock)
    liveness.beat("poller").beat()
    clock.set_wall(0.0)
    assert liveness.late() == []


def test_one_stuck_thread_of_a_role_is_named_with_its_silence() -> None:
    clock = ManualClock()
    liveness = Liveness(clock)
    stuck, busy, calling = (liveness.beat("poller") for _ in range(3))
    liveness.beat("consumer")
    with calling.calling("endpoint", "get", 300.0):
        clock.advance(5.0)
        stuck.beat()
        clock.advance(22.0)
        busy.beat()
        assert liveness.late() == ["poller: no progress for 22 s"]


def test_the_last_progress_of_a_role_is_its_slowest_thread_s() -> None:
    clock = ManualClock()
    liveness = Liveness(clock)
    slow, quick = liveness.beat("poller"), liveness.beat("poller")
    liveness.beat("consumer")
    slow.beat()
    clock.advance(5.0)
    quick.beat()
    assert liveness.last_progress() == {"poller": clock.time() - 5.0, "consumer": clock.time()}


def test_readiness_says_what_has_not_answered_unless_more_is_known_of_the_part() -> None:
    slow = {"queue": "no answer for 30 s", "ledger": "no answer for 21 s"}
    readiness = Readiness(lambda: slow)
    readiness.mark_unavailable("queue", "denied")
    assert readiness.problems() == {"queue": "denied", "ledger": "no answer for 21 s"}


def test_readiness_tells_when_a_part_is_lost_and_regained() -> None:
    readiness = Readiness()
    assert readiness.mark_unavailable("queue", "down")
    assert not readiness.mark_unavailable("queue", "still down")
    assert readiness.problems() == {"queue": "still down"}
    assert readiness.mark_recovered("queue")
    assert not readiness.mark_recovered("queue")
    assert readiness.problems() == {}


def test_the_log_is_told_once_of_a_loss_with_its_consequence_and_of_its_end() -> None:
    readiness = Readiness()
    with capture_logs() as logs:
        readiness.mark_unavailable("leases", "down", "tried again", leases=3)
        readiness.mark_unavailable("leases", "still down", "tried again", leases=4)
        readiness.mark_recovered("leases")
        readiness.mark_recovered("leases")
    lost, regained = logs
    assert lost == {
        "event": "component_unavailable",
        "log_level": "error",
        "part": "leases",
        "error": "down",
        "consequence": "tried again",
        "leases": 3,
    }
    assert regained == {"event": "component_recovered", "log_level": "info", "part": "leases"}


def test_whoever_reaches_the_port_is_shown_part_state_and_class_of_an_error_and_none_of_its_text() -> None:
    readiness = Readiness(lambda: {"ledger": "no answer for 21 s (find, called by the thread consumer)"})
    denied = AccessDenied("arn:aws:sts::123456789012:assumed-role/watcher may not; see https://sqs.internal/q")
    denied.origin = "AccessDeniedException"
    readiness.mark_unavailable("credentials", denied, "sessions wait")
    readiness.mark_unavailable(
        "sink a", SinkError("https://10.0.0.7/hook: answered 500"), state="circuit open, 3 decisions wait"
    )
    readiness.mark_unavailable("draining", "the watcher is stopping")
    assert readiness.shown() == {
        "ledger": "no answer for 21 s (find, called by the thread consumer)",
        "credentials": "unavailable: AccessDenied (AccessDeniedException)",
        "sink a": "circuit open, 3 decisions wait: SinkError",
        "draining": "the watcher is stopping",
    }
    assert readiness.problems()["credentials"] == str(denied)


def test_each_class_of_error_is_logged_in_full_once_while_a_part_is_lost() -> None:
    readiness = Readiness()
    with capture_logs() as logs:
        for error in (QueueError("a"), AccessDenied("b"), QueueError("c"), AccessDenied("d")):
            readiness.mark_unavailable("queue", error, "nothing is received")
        readiness.mark_recovered("queue")
        readiness.mark_unavailable("queue", QueueError("e"), "nothing is received")
    assert [entry.get("error", entry["event"]) for entry in logs] == ["a", "b", "component_recovered", "e"]


def test_what_was_told_in_another_way_is_not_told_again() -> None:
    readiness = Readiness()
    with capture_logs() as logs:
        readiness.mark_unavailable("sink a", "circuit open")
        readiness.mark_unavailable("sink a", "circuit open", "too late to be told")
        readiness.mark_recovered("sink a")
    assert logs == []


def test_a_call_may_take_its_time_outs_the_resolvers_and_some_slack() -> None:
    assert call_allowance(60, 60) == 120 + LOOKUPS * RESOLVING + SLACK
    assert call_allowance(0, 60) == math.inf
    assert call_allowance(60, 0) == math.inf


def test_a_lookup_may_take_what_resolv_conf_allows_by_default() -> None:
    """5, 3 and 6 s for three servers in turn, two attempts, with a search domain and without."""
    assert RESOLVING >= 2 * 2 * (5 + 3 + 6)


def test_no_limit_is_beyond_what_the_alert_for_stuck_threads_takes_for_one() -> None:
    """WatcherThreadStuck fires at 330 s, with the default time-outs of `[aws]`."""
    assert max(call_allowance(60, 60), OUTSIDE_LIMIT) <= 300


def test_one_cause_is_told_once_for_a_part_and_what_belongs_to_it() -> None:
    readiness = Readiness()
    readiness.mark_unavailable("queue depth", "the file is gone")
    readiness.mark_unavailable("sink a", "down")
    assert readiness.problems() == {"queue depth": "the file is gone", "sink a": "down"}
    readiness.mark_unavailable("queue", "the file is gone")
    assert readiness.problems() == {"sink a": "down", "queue": "the file is gone"}
    readiness.mark_unavailable("queue", "not allowed")
    assert readiness.problems().keys() == {"queue depth", "sink a", "queue"}
    readiness.mark_recovered("queue")
    assert readiness.problems() == {"queue depth": "the file is gone", "sink a": "down"}
