import pytest
from structlog.testing import capture_logs

from tests.support import session_id
from tests.unit.builders import a_delivery
from tests.unit.daemons import parts_of, running
from tests.unit.fakes import PATIENCE
from tests.unit.world import World
from watcher import daemon as module
from watcher.daemon import OUTSIDE_ALLOWANCE, Daemon
from watcher.errors import QueueError, SinkGone
from watcher.health import Liveness
from watcher.model import QueueDepth


def stumble() -> None:
    raise ZeroDivisionError("a bug")


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
    daemon = Daemon(parts_of(World(), [], queue=queue), concurrency=1, call_allowance=60.0, drain_timeout=PATIENCE)
    daemon._wait(until_empty=True)
    assert queue.looks == looks


def test_a_session_in_flight_is_not_empty_whatever_the_queue_counts() -> None:
    world, queue = World(), Depths()
    watch = world.watch(1)
    daemon = Daemon(parts_of(world, [], queue=queue), concurrency=1, call_allowance=60.0, drain_timeout=PATIENCE)
    assert not daemon._is_done()
    world.in_flight.close(watch)
    assert daemon._is_done()


def test_a_thread_that_waits_for_queue_or_ledger_is_not_late_for_minutes() -> None:
    """Its many calls may each meet a time-out, and a restart would mend nothing."""
    world = World()
    liveness = Liveness(world.clock)
    late: list[str] = []

    def last_long() -> None:
        world.clock.advance(OUTSIDE_ALLOWANCE - 1.0)
        late.extend(liveness.late())

    world.calls.on("find", last_long)
    world.queue.waiting = [a_delivery(session_id(1))]
    with running(parts_of(world, [], liveness=liveness)):
        assert world.queue.idle.wait(PATIENCE)
    assert world.calls.count("find") == 1
    assert [line for line in late if line.startswith("intake")] == []
