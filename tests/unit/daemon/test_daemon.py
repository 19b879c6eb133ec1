from threading import Event, Thread, current_thread
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from tests.support import session_id
from tests.unit.support.builders import a_lease, a_received_message, a_session, put_in
from tests.unit.support.daemons import parts_of, running
from tests.unit.support.fakes import PATIENCE
from tests.unit.support.world import World
from watcher.daemon import daemon as module
from watcher.daemon.daemon import Daemon
from watcher.domain.errors import QueueError, SinkGone
from watcher.domain.model import QueueDepth
from watcher.sessions.in_flight import InFlight
from watcher.telemetry.health import OUTSIDE_LIMIT, SLOW_CALL, Liveness
from watcher.telemetry.readiness import Readiness


def stumble() -> None:
    raise ZeroDivisionError("a bug")


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EMPTY_INTERVAL", 0.005)


def test_it_ends_once_the_queue_is_empty_and_all_is_decided() -> None:
    world, told = World(sinks=("a", "b")), list[str]()
    world.queue.waiting = [a_received_message(session_id(number), number) for number in range(30)]
    world.queue.waiting.append(a_received_message("nonsense", 99))
    daemon = Daemon(parts_of(world, told), concurrency=4, drain_timeout=PATIENCE)
    daemon.run(until_empty=True)
    assert len(world.queue.acked) == 30
    assert len(world.queue.dead_letters) == 1
    for sink in world.sinks.values():
        assert {event.key.session_id for event in sink.events} == {session_id(number) for number in range(30)}
    assert world.queue.released == []
    assert told == ["http started", "http closed", "closed"]


def test_a_queue_that_cannot_be_asked_is_not_empty() -> None:
    world = World()
    world.queue.waiting = [a_received_message(session_id(1))]
    world.calls.fail("depth", *[QueueError("down")] * 3)
    daemon = Daemon(parts_of(world, []), concurrency=1, drain_timeout=PATIENCE)
    daemon.run(until_empty=True)
    assert len(world.queue.acked) == 1


def test_a_second_stop_and_one_before_the_start_are_harmless() -> None:
    world, told = World(), list[str]()
    daemon = Daemon(parts_of(world, told), concurrency=1, drain_timeout=PATIENCE)
    daemon.stop()
    daemon.stop()
    daemon.run()
    daemon.stop()
    assert told == ["http started", "http closed", "closed"]


def test_a_thread_that_dies_stops_the_daemon_with_its_error() -> None:
    world, told = World(), list[str]()
    world.queue.waiting = [a_received_message(session_id(1))]
    world.results.during = stumble
    with capture_logs(), running(parts_of(world, told)) as daemon:
        daemon.end()
    assert str(daemon.error) == "the poller thread died: ZeroDivisionError('a bug')"
    assert told[-1] == "closed"
    assert len(world.queue.released) == 1


def test_a_sink_that_is_gone_stops_the_daemon_with_that_error() -> None:
    world = World()
    world.queue.waiting = [a_received_message(session_id(1))]
    gone = SinkGone("stdout is closed")
    world.calls.break_down("a", gone)
    with running(parts_of(world, [])) as daemon:
        daemon.end()
    assert daemon.error is gone
    assert len(world.queue.released) == 1


class Depths:
    """A queue that is only asked for its depth; after the last one told it is empty."""

    def __init__(self, *depths: QueueDepth | QueueError) -> None:
        self.depths = list(depths)
        self.looks = 0

    def depth(self) -> QueueDepth:
        self.looks += 1
        depth = self.depths.pop(0) if self.depths else EMPTY
        if isinstance(depth, QueueError):
            raise depth
        return depth

    def close(self, _: float) -> None:
        """Nothing to close."""


IDLE = SimpleNamespace(run=lambda stop, _: stop.wait(PATIENCE))
"""A consumer or prober that asks nothing."""

EMPTY, ONE, LEASED = QueueDepth(0, 0), QueueDepth(1, 0), QueueDepth(0, 1)


@pytest.mark.parametrize(
    ("depths", "looks"),
    [
        ([], 2),
        ([EMPTY, ONE], 4),
        ([EMPTY, LEASED, EMPTY, ONE], 6),
        ([EMPTY, QueueError("down")], 4),
    ],
)
def test_it_ends_only_when_two_looks_in_a_row_find_nothing(depths: list[QueueDepth | QueueError], looks: int) -> None:
    """SQS counts its messages approximately: one look may find none while there is one."""
    queue = Depths(*depths)
    parts = parts_of(World(), [], queue=queue, consumer=IDLE, prober=IDLE)
    Daemon(parts, concurrency=1, drain_timeout=PATIENCE).run(until_empty=True)
    assert queue.looks == looks


class EndsAtTheFifthLook(InFlight):
    """A table whose session is over once somebody asks for the fifth time how many there are."""

    looks = 0

    def __len__(self) -> int:
        self.looks += 1
        if self.looks == 5:
            for session in self.of(session_id(1)):
                self.finish(session)
        return super().__len__()


def test_a_session_in_flight_is_not_empty_whatever_the_queue_counts() -> None:
    table, asked_after = EndsAtTheFifthLook(1), list[int]()
    put_in(table, a_session(1), a_lease(1))

    def depth() -> QueueDepth:
        asked_after.append(table.looks)
        return EMPTY

    queue = SimpleNamespace(depth=depth, close=lambda _: None)
    parts = parts_of(World(), [], queue=queue, in_flight=table, consumer=IDLE, prober=IDLE)
    Daemon(parts, concurrency=1, drain_timeout=PATIENCE).run(until_empty=True)
    assert asked_after == [5, 6]


def test_a_ledger_that_hangs_is_named_by_readiness_and_makes_no_thread_late() -> None:
    """Its calls may each meet a time-out, and a restart would help nothing."""
    world = World()
    liveness = Liveness(world.clock)
    late, problems = list[str](), dict[str, str]()

    def last_long() -> None:
        world.clock.advance(SLOW_CALL)
        problems.update(Readiness(liveness.slow_calls).problems())
        world.clock.advance(OUTSIDE_LIMIT - SLOW_CALL)
        late.extend(liveness.late())

    world.calls.on("find", last_long)
    world.queue.waiting = [a_received_message(session_id(1))]
    with running(parts_of(world, [], liveness=liveness)):
        assert world.queue.idle.wait(PATIENCE)
    assert world.calls.count("find") == 1
    assert problems == {"ledger": "no answer for 20 s (find, called by the thread consumer)"}
    assert [line for line in late if line.startswith("consumer")] == []


class FakeNotifier:
    """A supervisor that notes what it is called for, and in which state the daemon is then."""

    def __init__(self, told: list[str], interval: float = 60.0) -> None:
        self.told = told
        self.interval = interval
        self.ticked = Event()

    def ready(self) -> None:
        self.told.append("ready")

    def tick(self) -> None:
        self.ticked.set()

    def stopping(self, seconds: float) -> None:
        self.told.append(f"stopping within {seconds:.0f} s")


def test_the_service_manager_is_told_when_all_runs_and_before_anything_is_stopped() -> None:
    world, told = World(), list[str]()
    parts = parts_of(world, told, notifier=FakeNotifier(told))
    Daemon(parts, concurrency=1, drain_timeout=7.0).run(until_empty=True)
    assert told == ["http started", "ready", "stopping within 7 s", "http closed", "closed"]


def test_the_main_thread_shows_that_it_is_alive() -> None:
    fake_notifier = FakeNotifier([], interval=0.001)
    with running(parts_of(World(), [], notifier=fake_notifier)) as daemon:
        assert fake_notifier.ticked.wait(PATIENCE)
        daemon.daemon.stop()
        daemon.end()


def test_without_until_empty_the_queue_is_not_asked_whether_it_is() -> None:
    world, queue = World(), Depths()
    fake_notifier = FakeNotifier([], interval=0.001)
    with running(parts_of(world, [], queue=queue, consumer=IDLE, prober=IDLE, notifier=fake_notifier)):
        for _ in range(3):
            fake_notifier.ticked.clear()
            assert fake_notifier.ticked.wait(PATIENCE)
    assert queue.looks == 0


def test_a_queue_that_hangs_does_not_hold_up_a_stop_while_it_is_watched_for_being_empty() -> None:
    world, asked, gate = World(), Event(), Event()

    def hang() -> QueueDepth:
        asked.set()
        gate.wait(PATIENCE)
        return EMPTY

    queue = SimpleNamespace(depth=hang, close=lambda _: None)
    daemon = Daemon(
        parts_of(world, [], queue=queue, consumer=IDLE, prober=IDLE),
        concurrency=1,
        drain_timeout=1.0,
    )
    thread = Thread(target=lambda: daemon.run(until_empty=True))
    thread.start()
    assert asked.wait(PATIENCE)
    daemon.stop()
    thread.join(PATIENCE / 2)
    is_over = not thread.is_alive()
    gate.set()
    assert is_over


def test_the_start_is_logged_with_what_the_watcher_is_set_to() -> None:
    parts = parts_of(World(), [], startup_fields={"version": "1.2.3", "queue": "sqlite:///q.db"})
    with capture_logs() as logs:
        Daemon(parts, concurrency=1, drain_timeout=1.0).run(until_empty=True)
    [started] = [entry for entry in logs if entry["event"] == "started"]
    about = {"version": "1.2.3", "queue": "sqlite:///q.db", "host": "127.0.0.1", "port": 1}
    assert about.items() <= started.items()


class Waited(Event):
    """A stop that comes when the test's thread first waits for it, and knows for how long that would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = current_thread()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        if current_thread() is self._thread:
            self.waits.append(timeout)
            self.set()
        return super().wait(timeout)


@pytest.mark.parametrize("interval", [5.0, 2.5])
def test_the_main_thread_wakes_up_no_more_often_than_somebody_wants_it_to(interval: float) -> None:
    stopping, parts = Waited(), parts_of(World(), [], notifier=FakeNotifier([], interval))
    Daemon(parts, concurrency=1, drain_timeout=1.0, stopping=stopping).run()
    assert stopping.waits == [interval]
