from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support import session_id
from tests.unit.fakes import PATIENCE, World, a_delivery, an_answer
from watcher import daemon as module
from watcher.clock import SystemClock
from watcher.daemon import Daemon, Parts
from watcher.errors import QueueError, SinkGone, WatcherError
from watcher.health import Beat, Liveness
from watcher.intake import ROOM_WAIT
from watcher.leases import LeaseKeeper
from watcher.lookout import Lookout
from watcher.model import SessionStatus

WAITING = an_answer(SessionStatus.IN_PROGRESS)


def stumble() -> None:
    raise ZeroDivisionError("a bug")


class FakeHttp:
    """A health server that serves nobody."""

    host, port = "127.0.0.1", 1

    def __init__(self, told: list[str]) -> None:
        self._told = told

    def start(self) -> None:
        self._told.append("http started")

    def close(self) -> None:
        self._told.append("http closed")


def parts_of(world: World, told: list[str], **others: Any) -> Parts:
    """The world's parts, some of them replaced."""
    found: dict[str, Any] = {
        "clock": SystemClock(),
        "queue": world.queue,
        "in_flight": world.in_flight,
        "scheduler": world.scheduler,
        "intake": world.intake,
        "poller": world.poller,
        "outbox": world.outbox,
        "leases": LeaseKeeper(world.queue, world.in_flight, 60.0, world.metrics, world.readiness),
        "lookout": Lookout(
            queue=world.queue,
            results=world.results,
            scheduler=world.scheduler,
            clock=world.clock,
            metrics=world.metrics,
            readiness=world.readiness,
        ),
        "liveness": Liveness(world.clock),
        "readiness": world.readiness,
        "http": FakeHttp(told),
        "close": lambda: told.append("closed"),
    }
    return Parts(**{**found, **others})


class Running:
    """A daemon in a thread of its own."""

    def __init__(self, parts: Parts, drain_timeout: float = PATIENCE) -> None:
        self.daemon = Daemon(parts, concurrency=2, call_allowance=60.0, drain_timeout=drain_timeout)
        self.error: BaseException | None = None
        self.thread = Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.daemon.run()
        except WatcherError as error:
            self.error = error

    def end(self, seconds: float = PATIENCE) -> None:
        self.thread.join(seconds)
        assert not self.thread.is_alive()


@contextmanager
def running(parts: Parts, drain_timeout: float = PATIENCE) -> Iterator[Running]:
    found = Running(parts, drain_timeout)
    found.thread.start()
    try:
        yield found
    finally:
        found.daemon.stop()
        found.thread.join(PATIENCE * 2)


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EMPTY_INTERVAL", 0.005)


def test_it_ends_once_the_queue_is_empty_and_all_is_decided() -> None:
    world, told = World(sinks=("a", "b")), list[str]()
    world.queue.waiting = [a_delivery(session_id(number), number) for number in range(30)]
    world.queue.waiting.append(a_delivery("nonsense", 99))
    daemon = Daemon(parts_of(world, told), concurrency=4, call_allowance=60.0, drain_timeout=PATIENCE)
    daemon.run(until_empty=True)
    assert len(world.queue.acked) == 30
    assert len(world.queue.buried) == 1
    for sink in world.sinks.values():
        assert {event.key.session_id for event in sink.events} == {session_id(number) for number in range(30)}
    assert world.queue.released == []
    assert told == ["http started", "http closed", "closed"]


def test_a_queue_that_cannot_be_asked_is_not_empty() -> None:
    world = World()
    world.queue.waiting = [a_delivery(session_id(1))]
    world.calls.fail("depth", *[QueueError("down")] * 3)
    daemon = Daemon(parts_of(world, []), concurrency=1, call_allowance=60.0, drain_timeout=PATIENCE)
    daemon.run(until_empty=True)
    assert len(world.queue.acked) == 1


def test_a_stop_gives_unfinished_sessions_back() -> None:
    world = World(WAITING)
    world.queue.waiting = [a_delivery(session_id(number), number) for number in range(3)]
    with running(parts_of(world, [])) as daemon:
        assert world.queue.idle.wait(PATIENCE)
        daemon.daemon.stop()
        daemon.end()
    assert daemon.error is None
    assert {lease.message_id for lease in world.queue.released} == {"0", "1", "2"}
    assert world.queue.acked == []
    assert "draining" in world.readiness.problems()
    assert len(world.in_flight) == 0


def test_the_nearest_deadline_is_given_back_first() -> None:
    world = World(WAITING)
    for number, age in enumerate((10.0, 90.0, 0.0, 50.0)):
        world.watch(number).deadline -= age
    with running(parts_of(world, [])) as daemon:
        daemon.daemon.stop()
        daemon.end()
    assert [lease.message_id for lease in world.queue.released] == ["1", "3", "0", "2"]


def test_a_release_that_fails_is_told_and_ends_nothing_else() -> None:
    world, told = World(WAITING), list[str]()
    world.watch(1)
    world.calls.break_down("release", QueueError("down"))
    with capture_logs() as logs, running(parts_of(world, told)) as daemon:
        daemon.daemon.stop()
        daemon.end()
    assert daemon.error is None
    assert told[-1] == "closed"
    assert "not_released" in [entry["event"] for entry in logs]


def test_a_second_stop_and_one_before_the_start_are_harmless() -> None:
    world, told = World(), list[str]()
    daemon = Daemon(parts_of(world, told), concurrency=1, call_allowance=60.0, drain_timeout=PATIENCE)
    daemon.stop()
    daemon.stop()
    daemon.run()
    daemon.stop()
    assert told == ["http started", "http closed", "closed"]


def test_a_thread_that_dies_stops_the_daemon_with_its_error() -> None:
    world, told = World(), list[str]()
    world.queue.waiting = [a_delivery(session_id(1))]
    world.results.during = stumble
    with capture_logs(), running(parts_of(world, told)) as daemon:
        daemon.end()
    assert str(daemon.error) == "the poller thread died: ZeroDivisionError('a bug')"
    assert told[-1] == "closed"
    assert len(world.queue.released) == 1


def test_a_sink_that_is_gone_stops_the_daemon_with_that_error() -> None:
    world = World()
    world.queue.waiting = [a_delivery(session_id(1))]
    gone = SinkGone("stdout is closed")
    world.calls.break_down("a", gone)
    with running(parts_of(world, [])) as daemon:
        daemon.end()
    assert daemon.error is gone
    assert len(world.queue.released) == 1


class Told:
    """Parts that only tell in which order they are ended."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.scheduler_stopped = Event()
        self.leases_stop: Event | None = None

    def intake(self, stop: Event, _: Beat) -> None:
        stop.wait(PATIENCE)
        self.names.append("intake")

    def poller(self, _: Beat) -> None:
        self.scheduler_stopped.wait(PATIENCE)
        self.names.append("poller")

    def stop_scheduler(self) -> None:
        self.names.append("scheduler")
        self.scheduler_stopped.set()

    def leases(self, stop: Event, _: Beat) -> None:
        self.leases_stop = stop
        stop.wait(PATIENCE)
        self.names.append("leases")

    def drain(self, *_: object) -> None:
        assert self.leases_stop is None or not self.leases_stop.is_set()
        self.names.append("outbox")

    def release(self, _: Sequence[object]) -> None:
        self.names.append("release")


class Part:
    """An object with these attributes."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


def test_the_drain_goes_from_the_front_to_the_back_and_keeps_the_leases_to_the_last() -> None:
    world, told = World(), Told()
    world.watch(1)
    parts = parts_of(
        world,
        told.names,
        intake=Part(run=told.intake),
        poller=Part(run=told.poller),
        scheduler=Part(stop=told.stop_scheduler),
        outbox=Part(start=lambda *_: None, drain=told.drain),
        leases=Part(run=told.leases),
        lookout=Part(run=lambda stop, _: stop.wait(PATIENCE)),
        queue=Part(release=told.release),
    )
    with running(parts) as daemon:
        daemon.daemon.stop()
        daemon.end()
    expected = ["intake", "scheduler", "poller", "poller", "outbox", "leases", "release", "http closed", "closed"]
    assert [name for name in told.names if name != "http started"] == expected


def test_calls_that_outlast_the_drain_are_left_and_their_late_answers_dropped() -> None:
    world = World()
    world.queue.waiting = [a_delivery(session_id(number), number) for number in range(2)]
    entered, gate = Event(), Event()

    def hang() -> None:
        entered.set()
        gate.wait(PATIENCE)

    world.results.during = hang
    with running(parts_of(world, []), drain_timeout=0.1) as daemon:
        assert entered.wait(PATIENCE)
        assert world.queue.idle.wait(PATIENCE)
        daemon.daemon.stop()
        daemon.end()
        gate.set()
        threads = daemon.daemon._threads
        assert threads.join(["poller"], SystemClock().monotonic() + PATIENCE)
    assert daemon.error is None
    assert {lease.message_id for lease in world.queue.released} == {"0", "1"}
    assert world.ledger.entries == {}
    assert world.queue.acked == []


def test_a_call_that_breaks_after_the_end_of_the_drain_is_no_death() -> None:
    world = World()
    world.queue.waiting = [a_delivery(session_id(1))]
    entered, gate = Event(), Event()

    def hang() -> None:
        entered.set()
        gate.wait(PATIENCE)
        raise ZeroDivisionError("the client was closed")

    world.results.during = hang
    with capture_logs() as logs, running(parts_of(world, []), drain_timeout=0.1) as daemon:
        assert entered.wait(PATIENCE)
        daemon.daemon.stop()
        daemon.end()
        gate.set()
        assert daemon.daemon._threads.join(["poller"], SystemClock().monotonic() + PATIENCE)
    assert daemon.error is None
    assert "thread_died" not in [entry["event"] for entry in logs]


def test_a_full_house_does_not_hold_up_the_drain() -> None:
    world = World(WAITING, limit=1)
    world.queue.waiting = [a_delivery(session_id(1))]
    with running(parts_of(world, [])) as daemon:
        while not len(world.in_flight):
            Event().wait(0.001)
        daemon.daemon.stop()
        daemon.end(ROOM_WAIT / 2)
    assert len(world.queue.released) == 1
