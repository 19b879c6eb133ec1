import time
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from tests.support import ManualClock
from watcher.daemon.systemd import FEEDS, STATUS_INTERVAL, STOP_SLACK, Notifier, ServiceNotifier
from watcher.telemetry.health import OWN_LIMIT, SLOW_CALL, Liveness
from watcher.telemetry.readiness import Readiness

WATCHDOG = 6.0


class Listened(Notifier):
    """A notifier whose service manager is the test."""

    def __init__(self, watchdog: float | None = WATCHDOG) -> None:
        super().__init__("/nowhere", watchdog)
        self.told: list[dict[str, object]] = []

    def tell(self, **variables: object) -> None:
        self.told.append(variables)


class Supervised:
    """A supervisor with a thread to be late and a part to be lost."""

    def __init__(self, watchdog: float | None = WATCHDOG) -> None:
        self.clock = ManualClock()
        self.notifier = Listened(watchdog)
        liveness = Liveness(self.clock)
        self.beat = liveness.beat("poller")
        self.readiness = Readiness()
        self.supervisor = ServiceNotifier(self.notifier, self.clock, liveness, self.readiness, lambda: "3 decided")

    def tick(self, after: float = WATCHDOG / FEEDS) -> dict[str, object]:
        """What a tick so many seconds later tells."""
        self.clock.advance(after)
        self.notifier.told.clear()
        self.supervisor.tick()
        return self.notifier.told[0] if self.notifier.told else {}


def test_ready_comes_with_how_it_goes() -> None:
    supervised = Supervised()
    supervised.readiness.lost("queue", "down")
    supervised.supervisor.ready()
    assert supervised.notifier.told == [{"READY": 1, "STATUS": "3 decided; queue: down"}]


def test_the_watchdog_is_fed_several_times_within_its_time() -> None:
    supervised = Supervised()
    interval = supervised.supervisor.interval
    assert interval is not None
    assert interval <= WATCHDOG / 2
    assert all(supervised.tick(interval)["WATCHDOG"] == 1 for _ in range(10))


def test_a_tick_that_comes_early_says_nothing() -> None:
    supervised = Supervised()
    assert supervised.tick()
    assert not supervised.tick(0.1)
    assert supervised.tick()


@pytest.mark.parametrize(("watchdog", "interval"), [(None, STATUS_INTERVAL), (600.0, STATUS_INTERVAL), (3.0, 1.0)])
def test_the_status_is_looked_at_every_few_seconds(watchdog: float | None, interval: float) -> None:
    assert Supervised(watchdog).supervisor.interval == interval


def test_what_is_stuck_is_logged_where_no_service_manager_listens() -> None:
    clock = ManualClock()
    liveness = Liveness(clock)
    supervisor = ServiceNotifier(Notifier(), clock, liveness, Readiness(), str)
    assert supervisor.interval == STATUS_INTERVAL
    liveness.beat("poller").beat()
    clock.advance(OWN_LIMIT + 1.0)
    with capture_logs() as logs:
        supervisor.tick()
    assert [(entry["event"], entry["late"]) for entry in logs] == [("thread_stuck", ["poller: no progress for 21 s"])]


def test_a_call_that_does_not_return_is_logged_once_and_once_it_has() -> None:
    supervised = Supervised()
    with capture_logs() as logs:
        with supervised.beat.calling("sink a", "emit", 1000.0):
            assert supervised.tick(SLOW_CALL)["WATCHDOG"] == 1
            supervised.tick()
        supervised.tick()
        supervised.tick()
    assert [(entry["event"], entry["part"]) for entry in logs] == [
        ("call_stuck", "sink a"),
        ("call_returned", "sink a"),
    ]


def test_a_stuck_thread_is_logged_once_and_the_watchdog_starves() -> None:
    supervised = Supervised()
    supervised.beat.beat()
    with capture_logs() as logs:
        assert "WATCHDOG" in supervised.tick(19.0)
        for silence in (21, 23):
            assert supervised.tick(2.0) == {"STATUS": f"3 decided; poller: no progress for {silence} s"}
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("thread_stuck", "error")]


def test_a_thread_that_goes_on_after_all_feeds_it_again() -> None:
    supervised = Supervised()
    supervised.beat.beat()
    with capture_logs() as logs:
        supervised.tick(21.0)
        supervised.beat.beat()
        assert supervised.tick() == {"WATCHDOG": 1, "STATUS": "3 decided"}
        supervised.tick(21.0)
    assert [entry["event"] for entry in logs] == ["thread_stuck", "thread_recovered", "thread_stuck"]


def test_a_reload_tells_its_begin_in_monotonic_time_and_its_end() -> None:
    supervised = Supervised()

    def reload() -> Sequence[str]:
        supervised.clock.advance(1.5)
        return ()

    # systemd compares it with its own CLOCK_MONOTONIC, which is not the clock of our deadlines.
    before = time.monotonic_ns() // 1000
    supervised.supervisor.reload(reload)
    first, last = supervised.notifier.told
    told = first.pop("MONOTONIC_USEC")
    assert first == {"RELOADING": 1, "STATUS": "reloading the settings"}
    assert isinstance(told, int)
    assert before <= told <= time.monotonic_ns() // 1000
    assert last == {"READY": 1, "STATUS": "3 decided"}


def test_a_bad_file_stays_in_the_status_until_a_good_one_comes() -> None:
    supervised = Supervised()
    supervised.supervisor.reload(lambda: ["decision.threshold = 800: at most 100"])
    bad = "3 decided; settings not reloaded: decision.threshold = 800: at most 100"
    assert supervised.notifier.told[-1] == {"READY": 1, "STATUS": bad}
    assert supervised.tick()["STATUS"] == bad
    supervised.supervisor.reload(lambda: ())
    assert supervised.tick()["STATUS"] == "3 decided"


def test_a_reload_that_breaks_is_over_all_the_same() -> None:
    supervised = Supervised()

    def reload() -> Sequence[str]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        supervised.supervisor.reload(reload)
    assert supervised.notifier.told[-1]["READY"] == 1
    assert "settings not reloaded" in str(supervised.notifier.told[-1]["STATUS"])


def test_the_stop_asks_for_the_time_that_the_drain_may_take() -> None:
    supervised = Supervised()
    supervised.supervisor.stopping(25.0)
    assert supervised.notifier.told == [
        {"STOPPING": 1, "STATUS": "draining, 3 decided"},
        {"EXTEND_TIMEOUT_USEC": int((25.0 + STOP_SLACK) * 1e6)},
    ]


def test_a_reload_that_ends_during_the_drain_calls_nothing_ready() -> None:
    supervised = Supervised()

    def reload() -> Sequence[str]:
        supervised.supervisor.stopping(25.0)
        supervised.notifier.told.clear()
        return ()

    supervised.supervisor.reload(reload)
    assert supervised.notifier.told == []
