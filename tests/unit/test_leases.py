from threading import Event

import pytest

from tests.support import SteppingEvent
from tests.unit.fakes import World, a_beat, a_lease
from watcher.errors import QueueError
from watcher.leases import LeaseKeeper


def keeper(world: World, visibility_timeout: float = 60.0) -> LeaseKeeper:
    return LeaseKeeper(world.queue, world.in_flight, visibility_timeout, world.metrics, world.readiness)


class StopAfter(SteppingEvent):
    """Stops after so many waits."""

    def __init__(self, world: World, waits: int) -> None:
        super().__init__(world.clock)
        self._left = waits

    def wait(self, timeout: float | None = None) -> bool:
        self._left -= 1
        if self._left < 0:
            self.set()
        return super().wait(timeout)


def test_everything_in_flight_is_extended_and_counted() -> None:
    world = World()
    world.watch(1, a_lease(1), a_lease(2))
    world.watch(3)
    assert keeper(world).extend_all()
    assert world.queue.extended == [[a_lease(1), a_lease(2), a_lease(3)]]
    assert world.labelled("watcher_lease_extensions_total", result="ok") == 3


def test_nothing_in_flight_asks_nothing_of_the_queue() -> None:
    world = World()
    assert keeper(world).extend_all()
    assert world.calls.names == []


def test_leases_are_extended_three_times_in_their_life() -> None:
    world = World()
    world.watch(1)
    stop = StopAfter(world, 3)
    keeper(world, 60.0).run(stop, a_beat(world.clock))
    assert stop.waits == [20.0, 20.0, 20.0, 20.0]
    assert world.calls.count("extend") == 3


def test_a_failure_is_tried_again_sooner_and_never_given_up() -> None:
    world = World()
    world.watch(1)
    world.calls.fail("extend", *[QueueError("down")] * 2)
    stop = StopAfter(world, 3)
    keeper(world, 60.0).run(stop, a_beat(world.clock))
    assert stop.waits == [20.0, 5.0, 5.0, 20.0]
    assert world.labelled("watcher_lease_extensions_total", result="failed") == 2
    assert world.labelled("watcher_lease_extensions_total", result="ok") == 1


def test_a_failing_queue_is_told_to_readiness_until_it_works() -> None:
    world = World()
    world.watch(1)
    world.calls.fail("extend", QueueError("down"))
    leases = keeper(world)
    assert not leases.extend_all()
    assert world.readiness.problems() == {"leases": "down"}
    assert leases.extend_all()
    assert world.readiness.problems() == {}


def test_a_watch_whose_last_lease_is_lost_is_abandoned() -> None:
    world = World()
    lost, kept = world.watch(1), world.watch(2, a_lease(2), a_lease(3))
    world.queue.lost = {a_lease(1), a_lease(2)}
    keeper(world).extend_all()
    assert (lost.abandoned, kept.abandoned) == (True, False)
    assert world.in_flight.leases() == [a_lease(3)]
    assert world.labelled("watcher_lease_extensions_total", result="lost") == 2
    assert world.labelled("watcher_lease_extensions_total", result="ok") == 1


def test_one_lost_lease_of_a_batch_abandons_its_own_watch_only() -> None:
    world = World()
    watches = [world.watch(number, a_lease(number, "one-token")) for number in (1, 2, 3)]
    world.queue.lost = {a_lease(1, "one-token")}
    keeper(world).extend_all()
    assert [watch.abandoned for watch in watches] == [True, False, False]


def test_a_closed_watch_is_no_longer_kept_alive() -> None:
    world = World()
    world.in_flight.close(world.watch(1))
    keeper(world).extend_all()
    assert world.queue.extended == []


def test_a_bug_in_the_queue_is_not_taken_for_an_outage() -> None:
    world = World()
    world.watch(1)
    world.calls.fail("extend", ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        keeper(world).extend_all()


def test_the_keeper_ends_with_its_stop() -> None:
    world = World()
    stop = Event()
    stop.set()
    keeper(world).run(stop, a_beat(world.clock))
    assert world.calls.names == []
