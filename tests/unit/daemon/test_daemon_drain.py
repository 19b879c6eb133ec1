from collections.abc import Sequence
from threading import Event
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support import session_id
from tests.unit.support.builders import a_received_message, an_answer, when_full
from tests.unit.support.daemons import parts_of, running
from tests.unit.support.fakes import PATIENCE
from tests.unit.support.world import World
from watcher.consumer.consumer import ROOM_WAIT
from watcher.daemon import daemon as module
from watcher.daemon.daemon import CLOSE_TIME, LEAST_RELEASE, Daemon
from watcher.daemon.systemd import STOP_SLACK
from watcher.domain.errors import QueueError
from watcher.domain.model import SessionStatus
from watcher.telemetry.health import Beat

WAITING = an_answer(SessionStatus.IN_PROGRESS)
BRIEF = 0.02
"""Seconds in which what hangs would not end, however long they were."""


def test_the_nearest_deadline_is_given_back_first() -> None:
    world = World(WAITING)
    for number, age in enumerate((10.0, 90.0, 0.0, 50.0)):
        world.session(number).created_at -= age
    with running(parts_of(world, [])) as daemon:
        daemon.daemon.stop()
        daemon.end()
    assert [lease.message_id for lease in world.queue.released] == ["1", "3", "0", "2"]


def test_a_release_that_fails_is_told_and_ends_nothing_else() -> None:
    world, told = World(WAITING), list[str]()
    world.session(1)
    world.calls.break_down("release", QueueError("down"))
    with capture_logs() as logs, running(parts_of(world, told)) as daemon:
        daemon.daemon.stop()
        daemon.end()
    assert daemon.error is None
    assert told[-1] == "closed"
    assert "release_failed" in [entry["event"] for entry in logs]


class Told:
    """Parts that only tell in which order they are ended."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.scheduler_stopped = Event()
        self.leases_stop: Event | None = None

    def consumer(self, stop: Event, _: Beat) -> None:
        stop.wait(PATIENCE)
        self.names.append("consumer")

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

    def release(self, _: Sequence[object], seconds: float) -> None:
        assert 0 < seconds <= PATIENCE
        self.names.append("release")

    def close(self, _: float) -> None:
        self.names.append("queue closed")


class Part:
    """An object with these attributes."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


def test_the_drain_goes_from_the_front_to_the_back_and_keeps_the_leases_to_the_last() -> None:
    world, told = World(), Told()
    world.session(1)
    parts = parts_of(
        world,
        told.names,
        consumer=Part(run=told.consumer),
        poller=Part(run=told.poller),
        scheduler=Part(stop=told.stop_scheduler),
        outbox=Part(start=lambda *_: None, drain=told.drain),
        lease_extender=Part(run=told.leases),
        prober=Part(run=lambda stop, _: stop.wait(PATIENCE)),
        queue=Part(release=told.release, close=told.close),
    )
    with running(parts) as daemon:
        daemon.daemon.stop()
        daemon.end()
    working = ["consumer", "scheduler", "poller", "poller", "outbox", "leases", "release"]
    expected = [*working, "http closed", "queue closed", "closed"]
    assert [name for name in told.names if name != "http started"] == expected


def test_the_queue_is_told_how_much_of_the_drain_is_left() -> None:
    world = World(WAITING)
    world.session(1)
    world.calls.on("release", lambda: world.clock.advance(7.0))
    closed: list[float] = []
    world.queue.close = closed.append  # type: ignore[assignment]
    stopped_at_once(world, drain_timeout=25.0, work=20.0)
    assert world.queue.release_times == [5.0]
    assert closed == [0.0]


def test_the_queue_gets_a_moment_even_where_there_is_no_drain() -> None:
    world = World(WAITING)
    world.session(1)
    stopped_at_once(world, drain_timeout=0.0)
    assert world.queue.release_times == [LEAST_RELEASE]


def stopped_at_once(world: World, drain_timeout: float, work: float = 0.0) -> None:
    """The drain of a daemon stopped at once, on the world's clock; what was under way takes `work` seconds."""
    outbox = Part(start=lambda *_: None, drain=lambda *_: world.clock.advance(work))
    daemon = Daemon(parts_of(world, [], clock=world.clock, outbox=outbox), concurrency=1, drain_timeout=drain_timeout)
    daemon.stop()
    daemon.run()


@pytest.mark.parametrize("part", ["release", "close"])
def test_whatever_hangs_at_the_very_end_is_left_behind(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSE_TIME", 0.1)
    world, gate = World(WAITING), Event()
    world.session(1)
    world.calls.on(part, lambda: gate.wait(PATIENCE))
    with capture_logs() as logs, running(parts_of(world, []), drain_timeout=BRIEF) as daemon:
        daemon.daemon.stop()
        daemon.end(PATIENCE / 2)
    gate.set()
    assert daemon.error is None
    assert [entry["event"] for entry in logs if entry["event"] == "close_timed_out"] == ["close_timed_out"]


def test_systemd_is_asked_for_more_than_a_stop_ever_takes() -> None:
    """What the units and manifests leave is compared in tests/deploy/test_stop_times.py."""
    assert LEAST_RELEASE < CLOSE_TIME < STOP_SLACK / 2, "the process itself has to end, too"


def test_calls_that_outlast_the_drain_are_left_and_their_late_answers_dropped() -> None:
    world = World()
    world.queue.waiting = [a_received_message(session_id(number), number) for number in range(2)]
    entered, gate = Event(), Event()

    def hang() -> None:
        entered.set()
        gate.wait(PATIENCE)

    world.results.during = hang
    with running(parts_of(world, []), drain_timeout=BRIEF) as daemon:
        assert entered.wait(PATIENCE)
        assert world.queue.idle.wait(PATIENCE)
        daemon.daemon.stop()
        daemon.end()
        gate.set()
        daemon.join("poller")
    assert daemon.error is None
    assert {lease.message_id for lease in world.queue.released} == {"0", "1"}
    assert world.ledger.entries == {}
    assert world.queue.acked == []


def test_a_call_that_breaks_after_the_end_of_the_drain_is_no_death() -> None:
    world = World()
    world.queue.waiting = [a_received_message(session_id(1))]
    entered, gate = Event(), Event()

    def hang() -> None:
        entered.set()
        gate.wait(PATIENCE)
        raise ZeroDivisionError("the client was closed")

    world.results.during = hang
    with capture_logs() as logs, running(parts_of(world, []), drain_timeout=BRIEF) as daemon:
        assert entered.wait(PATIENCE)
        daemon.daemon.stop()
        daemon.end()
        gate.set()
        daemon.join("poller")
    assert daemon.error is None
    assert "thread_died" not in [entry["event"] for entry in logs]


def test_a_full_table_does_not_hold_up_the_drain() -> None:
    world = World(WAITING, limit=1)
    world.queue.waiting = [a_received_message(session_id(1))]
    is_full = when_full(world.in_flight)
    with running(parts_of(world, [])) as daemon:
        assert is_full.wait(PATIENCE)
        daemon.daemon.stop()
        daemon.end(ROOM_WAIT / 2)
    assert len(world.queue.released) == 1


def test_a_stop_gives_unfinished_sessions_back() -> None:
    world = World(WAITING)
    world.queue.waiting = [a_received_message(session_id(number), number) for number in range(3)]
    with running(parts_of(world, [])) as daemon:
        assert world.queue.idle.wait(PATIENCE)
        daemon.daemon.stop()
        daemon.end()
    assert daemon.error is None
    assert {lease.message_id for lease in world.queue.released} == {"0", "1", "2"}
    assert world.queue.acked == []
    assert "draining" in world.readiness.problems()
    assert len(world.in_flight) == 0


def test_a_receive_that_outlasts_the_drain_is_given_back_when_it_comes() -> None:
    world, gate = World(WAITING), Event()
    world.queue.waiting = [a_received_message(session_id(1))]
    entered = Event()

    def hang() -> None:
        entered.set()
        gate.wait(PATIENCE)

    world.calls.on("receive", hang)
    with running(parts_of(world, []), drain_timeout=BRIEF) as daemon:
        assert entered.wait(PATIENCE)
        daemon.daemon.stop()
        daemon.end()
        assert world.queue.released == []
        gate.set()
        daemon.join("consumer")
    assert daemon.error is None
    assert [lease.message_id for lease in world.queue.released] == ["1"]
    assert len(world.in_flight) == 0


def test_what_the_consumer_still_works_on_at_the_end_of_the_drain_is_given_back_too() -> None:
    world, gate = World(WAITING), Event()
    world.queue.waiting = [a_received_message(session_id(1))]
    entered = Event()

    def hang() -> None:
        entered.set()
        gate.wait(PATIENCE)

    world.calls.on("find", hang)
    with running(parts_of(world, []), drain_timeout=BRIEF) as daemon:
        assert entered.wait(PATIENCE)
        daemon.daemon.stop()
        daemon.end()
        assert [lease.message_id for lease in world.queue.released] == ["1"]
        gate.set()
        daemon.join("consumer")
    assert len(world.in_flight) == 0


def test_a_lock_that_is_held_for_ever_costs_only_its_own_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOCK_TIME", 0.05)
    world, gate = World(WAITING), Event()
    world.session(1)
    closed: list[float] = []
    world.queue.close = closed.append  # type: ignore[assignment]
    hangs, idle = Part(stop=lambda: gate.wait(PATIENCE)), Part(run=lambda _: None)
    daemon = Daemon(parts_of(world, [], scheduler=hangs, poller=idle), concurrency=1, drain_timeout=0.2)
    daemon.stop()
    with capture_logs() as logs:
        daemon.run()
    gate.set()
    assert [entry["step"] for entry in logs if entry["event"] == "drain_step_timed_out"] == ["scheduler"]
    assert [lease.message_id for lease in world.queue.released] == ["1"]
    assert len(closed) == 1


def test_the_process_ends_soon_after_the_last_step_even_if_the_main_thread_hangs() -> None:
    stop_limit = Daemon(parts_of(World(), []), concurrency=1, drain_timeout=7.0).stop_limit
    assert 7.0 + CLOSE_TIME < stop_limit < 7.0 + STOP_SLACK
