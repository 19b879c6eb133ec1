import math

from structlog.testing import capture_logs

from tests.support import ManualClock
from watcher.health import (
    LOOKUPS,
    OUTSIDE_ALLOWANCE,
    RESOLVING,
    SLACK,
    Beat,
    Liveness,
    Readiness,
    call_allowance,
    outside_allowance,
)


def test_a_beat_is_late_only_after_its_allowance_and_never_at_rest() -> None:
    clock = ManualClock()
    beat = Beat(clock, 60.0)
    clock.advance(1000.0)
    assert not beat.is_late
    beat.beat()
    clock.advance(60.0)
    assert not beat.is_late
    clock.advance(0.1)
    assert beat.is_late
    beat.rest()
    assert not beat.is_late
    assert beat.silence() == 0.0


def test_a_call_without_a_limit_is_never_late() -> None:
    clock = ManualClock()
    beat = Beat(clock, math.inf)
    beat.beat()
    clock.advance(1e9)
    assert not beat.is_late


def test_a_clock_that_was_set_makes_nobody_late() -> None:
    clock = ManualClock()
    liveness = Liveness(clock)
    liveness.beat("poller").beat()
    clock.set_wall(0.0)
    assert liveness.late() == []


def test_one_stuck_thread_of_a_role_is_named_with_its_silence() -> None:
    clock = ManualClock()
    liveness = Liveness(clock)
    stuck, busy = liveness.beat("poller", 10.0), liveness.beat("poller", 10.0)
    liveness.beat("intake")
    stuck.beat()
    clock.advance(12.0)
    busy.beat()
    assert liveness.late() == ["poller: no progress for 12 s"]


def test_the_last_progress_of_a_role_is_its_slowest_thread_s() -> None:
    clock = ManualClock()
    liveness = Liveness(clock)
    slow, quick = liveness.beat("poller"), liveness.beat("poller")
    liveness.beat("intake")
    slow.beat()
    clock.advance(5.0)
    quick.beat()
    assert liveness.last_progress() == {"poller": clock.time() - 5.0, "intake": clock.time()}


def test_readiness_tells_when_a_part_is_lost_and_regained() -> None:
    readiness = Readiness()
    assert readiness.lost("queue", "down")
    assert not readiness.lost("queue", "still down")
    assert readiness.problems() == {"queue": "still down"}
    assert readiness.regained("queue")
    assert not readiness.regained("queue")
    assert readiness.problems() == {}


def test_the_log_is_told_once_of_a_loss_with_its_consequence_and_of_its_end() -> None:
    readiness = Readiness()
    with capture_logs() as logs:
        readiness.lost("leases", "down", "tried again", leases=3)
        readiness.lost("leases", "still down", "tried again", leases=4)
        readiness.regained("leases")
        readiness.regained("leases")
    lost, regained = logs
    assert lost == {
        "event": "lost",
        "log_level": "error",
        "part": "leases",
        "error": "down",
        "consequence": "tried again",
        "leases": 3,
    }
    assert regained == {"event": "regained", "log_level": "info", "part": "leases"}


def test_what_was_told_in_another_way_is_not_told_again() -> None:
    readiness = Readiness()
    with capture_logs() as logs:
        readiness.lost("sink a", "circuit open")
        readiness.lost("sink a", "circuit open", "too late to be told")
        readiness.regained("sink a")
    assert logs == []


def test_a_call_may_take_its_time_outs_the_resolvers_and_some_slack() -> None:
    assert call_allowance(60, 60) == 120 + LOOKUPS * RESOLVING + SLACK
    assert call_allowance(0, 60) == math.inf
    assert call_allowance(60, 0) == math.inf


def test_a_lookup_may_take_what_resolv_conf_allows_by_default() -> None:
    """5, 3 and 6 s for three servers in turn, two attempts, with a search domain and without."""
    assert RESOLVING >= 2 * 2 * (5 + 3 + 6)


def test_no_allowance_is_beyond_what_the_alert_for_stuck_threads_takes_for_one() -> None:
    """WatcherThreadStuck fires at 330 s, with the default time-outs of `[aws]`."""
    assert max(call_allowance(60, 60), outside_allowance(call_allowance(60, 60))) <= OUTSIDE_ALLOWANCE <= 300


def test_talk_with_queue_and_ledger_has_its_own_allowance_and_never_less_than_a_call() -> None:
    assert outside_allowance(10.0) == OUTSIDE_ALLOWANCE
    assert outside_allowance(math.inf) == math.inf


def test_one_cause_is_told_once_for_a_part_and_what_belongs_to_it() -> None:
    readiness = Readiness()
    readiness.lost("queue depth", "the file is gone")
    readiness.lost("sink a", "down")
    assert readiness.problems() == {"queue depth": "the file is gone", "sink a": "down"}
    readiness.lost("queue", "the file is gone")
    assert readiness.problems() == {"sink a": "down", "queue": "the file is gone"}
    readiness.lost("queue", "not allowed")
    assert readiness.problems().keys() == {"queue depth", "sink a", "queue"}
    readiness.regained("queue")
    assert readiness.problems() == {"queue depth": "the file is gone", "sink a": "down"}
