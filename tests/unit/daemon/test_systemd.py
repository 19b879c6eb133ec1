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


class Notified:
    """A supervisor with a thread to be late and a part to be lost."""

    def __init__(self, watchdog: float | None = WATCHDOG) -> None:
        self.clock = ManualClock()
        self.notifier = Listened(watchdog)
        liveness = Liveness(self.clock)
        self.beat = liveness.beat("poller")
        self.readiness = Readiness()
        self.service_notifier = ServiceNotifier(
            self.notifier, self.clock, liveness, self.readiness, lambda: "3 decided"
        )

    def tick(self, after: float = WATCHDOG / FEEDS) -> dict[str, object]:
        """What a tick so many seconds later tells."""
        self.clock.advance(after)
        self.notifier.told.clear()
        self.service_notifier.tick()
        return self.notifier.told[0] if self.notifier.told else {}


def test_ready_comes_with_how_it_goes() -> None:
    notified = Notified()
    notified.readiness.mark_unavailable("queue", "down")
    notified.service_notifier.ready()
    assert notified.notifier.told == [{"READY": 1, "STATUS": "3 decided; queue: down"}]


def test_the_watchdog_is_fed_several_times_within_its_time() -> None:
    notified = Notified()
    interval = notified.service_notifier.interval
    assert interval is not None
    assert interval <= WATCHDOG / 2
    assert all(notified.tick(interval)["WATCHDOG"] == 1 for _ in range(10))


def test_a_tick_that_comes_early_says_nothing() -> None:
    notified = Notified()
    assert notified.tick()
    assert not notified.tick(0.1)
    assert notified.tick()


@pytest.mark.parametrize(("watchdog", "interval"), [(None, STATUS_INTERVAL), (600.0, STATUS_INTERVAL), (3.0, 1.0)])
def test_the_status_is_looked_at_every_few_seconds(watchdog: float | None, interval: float) -> None:
    assert Notified(watchdog).service_notifier.interval == interval


def test_what_is_stuck_is_logged_where_no_service_manager_listens() -> None:
    clock = ManualClock()
    liveness = Liveness(clock)
    service_notifier = ServiceNotifier(Notifier(), clock, liveness, Readiness(), str)
    assert service_notifier.interval == STATUS_INTERVAL
    liveness.beat("poller").beat()
    clock.advance(OWN_LIMIT + 1.0)
    with capture_logs() as logs:
        service_notifier.tick()
    assert [(entry["event"], entry["late"]) for entry in logs] == [("thread_stuck", ["poller: no progress for 21 s"])]


def test_a_call_that_does_not_return_is_logged_once_and_once_it_has() -> None:
    notified = Notified()
    with capture_logs() as logs:
        with notified.beat.calling("sink a", "emit", 1000.0):
            assert notified.tick(SLOW_CALL)["WATCHDOG"] == 1
            notified.tick()
        notified.tick()
        notified.tick()
    assert [(entry["event"], entry["part"]) for entry in logs] == [
        ("call_stuck", "sink a"),
        ("call_returned", "sink a"),
    ]


def test_a_stuck_thread_is_logged_once_and_the_watchdog_starves() -> None:
    notified = Notified()
    notified.beat.beat()
    with capture_logs() as logs:
        assert "WATCHDOG" in notified.tick(19.0)
        for silence in (21, 23):
            assert notified.tick(2.0) == {"STATUS": f"3 decided; poller: no progress for {silence} s"}
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("thread_stuck", "error")]


def test_a_thread_that_goes_on_after_all_feeds_it_again() -> None:
    notified = Notified()
    notified.beat.beat()
    with capture_logs() as logs:
        notified.tick(21.0)
        notified.beat.beat()
        assert notified.tick() == {"WATCHDOG": 1, "STATUS": "3 decided"}
        notified.tick(21.0)
    assert [entry["event"] for entry in logs] == ["thread_stuck", "thread_recovered", "thread_stuck"]


def test_a_reload_tells_its_begin_in_monotonic_time_and_its_end() -> None:
    notified = Notified()

    def reload() -> Sequence[str]:
        notified.clock.advance(1.5)
        return ()

    # systemd compares it with its own CLOCK_MONOTONIC, which is not the clock of our deadlines.
    before = time.monotonic_ns() // 1000
    notified.service_notifier.reload(reload)
    first, last = notified.notifier.told
    told = first.pop("MONOTONIC_USEC")
    assert first == {"RELOADING": 1, "STATUS": "reloading the settings"}
    assert isinstance(told, int)
    assert before <= told <= time.monotonic_ns() // 1000
    assert last == {"READY": 1, "STATUS": "3 decided"}


def test_a_bad_file_stays_in_the_status_until_a_good_one_comes() -> None:
    notified = Notified()
    notified.service_notifier.reload(lambda: ["decision.threshold = 800: at most 100"])
    bad = "3 decided; settings not reloaded: decision.threshold = 800: at most 100"
    assert notified.notifier.told[-1] == {"READY": 1, "STATUS": bad}
    assert notified.tick()["STATUS"] == bad
    notified.service_notifier.reload(lambda: ())
    assert notified.tick()["STATUS"] == "3 decided"


def test_a_reload_that_breaks_is_over_all_the_same() -> None:
    notified = Notified()

    def reload() -> Sequence[str]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        notified.service_notifier.reload(reload)
    assert notified.notifier.told[-1]["READY"] == 1
    assert "settings not reloaded" in str(notified.notifier.told[-1]["STATUS"])


def test_the_stop_asks_for_the_time_that_the_drain_may_take() -> None:
    notified = Notified()
    notified.service_notifier.stopping(25.0)
    assert notified.notifier.told == [
        {"STOPPING": 1, "STATUS": "draining, 3 decided"},
        {"EXTEND_TIMEOUT_USEC": int((25.0 + STOP_SLACK) * 1e6)},
    ]


def test_a_reload_that_ends_during_the_drain_calls_nothing_ready() -> None:
    notified = Notified()

    def reload() -> Sequence[str]:
        notified.service_notifier.stopping(25.0)
        notified.notifier.told.clear()
        return ()

    notified.service_notifier.reload(reload)
    assert notified.notifier.told == []
