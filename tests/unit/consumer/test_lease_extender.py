from threading import Event

import pytest
from structlog.testing import capture_logs

from tests.unit.support.builders import a_beat, a_lease, held
from tests.unit.support.world import World
from watcher.domain.errors import QueueError
from watcher.domain.model import Lease


def extend(world: World) -> bool:
    """One look, a beat after all of this world was received."""
    world.clock.advance(24.0)
    return world.lease_extender(60.0).extend_due()


def test_everything_in_flight_is_extended_and_counted() -> None:
    world = World()
    world.session(1, a_lease(1), a_lease(2))
    world.session(3)
    assert extend(world)
    assert world.queue.extended == [[a_lease(1), a_lease(2), a_lease(3)]]
    assert world.labelled("watcher_lease_extensions_total", result="ok") == 3


def test_a_message_that_has_no_session_yet_is_kept_too() -> None:
    world = World()
    world.in_flight.track([a_lease(1)], world.clock.monotonic())
    assert extend(world)
    assert world.queue.extended == [[a_lease(1)]]


def test_nothing_in_flight_asks_nothing_of_the_queue() -> None:
    world = World()
    assert extend(world)
    assert world.calls.names == []


def test_a_session_that_ends_before_the_beat_is_nearly_over_costs_no_extension() -> None:
    world = World()
    world.session(1)
    world.clock.advance(20.9)
    assert world.lease_extender(60.0).extend_due()
    assert world.calls.names == []
    world.clock.advance(0.2)
    world.lease_extender(60.0).extend_due()
    assert world.queue.extended == [[a_lease(1)]]


def test_what_was_extended_is_left_alone_until_it_is_due_again() -> None:
    world = World()
    extender = world.lease_extender(60.0)
    world.session(1)
    world.clock.advance(10.0)
    world.session(2)
    for seconds in (11.5, 10.5, 11.0, 10.5):
        world.clock.advance(seconds)
        extender.extend_due()
    assert world.queue.extended == [[a_lease(1)], [a_lease(2)], [a_lease(1)], [a_lease(2)]]


def test_a_slow_extension_counts_from_its_begin() -> None:
    """The queue may have counted the new time from its very first byte."""
    world = World()
    world.session(1)
    extender = world.lease_extender(60.0)
    world.clock.advance(21.0)
    world.calls.on("extend", lambda: world.clock.advance(15.0))
    extender.extend_due()
    world.clock.advance(6.1)
    extender.extend_due()
    assert world.calls.count("extend") == 2


def test_a_failing_queue_is_told_to_readiness_and_the_log_once_until_it_works() -> None:
    world = World()
    world.session(1)
    world.calls.fail("extend", QueueError("down"), QueueError("down"))
    with capture_logs() as logs:
        assert not extend(world)
        assert not extend(world)
        assert world.readiness.problems() == {"leases": "down"}
        assert extend(world)
    assert world.readiness.problems() == {}
    assert [(entry["event"], entry["part"]) for entry in logs] == [
        ("component_unavailable", "leases"),
        ("component_recovered", "leases"),
    ]


def test_a_lease_that_failed_costs_readiness_no_longer_than_its_session_lasts() -> None:
    world = World()
    session = world.session(1)
    world.calls.fail("extend", QueueError("down"))
    with capture_logs() as logs:
        assert not extend(world)
        world.in_flight.finish(session)
        world.session(2).leases[0].extended_at = world.clock.monotonic() + 24.0  # not due: it has nothing to say
        assert extend(world)
    assert world.readiness.problems() == {}
    assert [entry["event"] for entry in logs] == ["component_unavailable", "component_recovered"]


def test_a_session_whose_last_lease_is_lost_is_abandoned() -> None:
    world = World()
    lost, kept = world.session(1), world.session(2, a_lease(2), a_lease(3))
    world.queue.lost = {a_lease(1), a_lease(2)}
    with capture_logs() as logs:
        extend(world)
    assert (lost.is_abandoned, kept.is_abandoned) == (True, False)
    assert held(world.in_flight) == [a_lease(3)]
    assert world.labelled("watcher_lease_extensions_total", result="lost") == 2
    assert world.labelled("watcher_lease_extensions_total", result="ok") == 1
    assert [sorted(entry["messages"]) for entry in logs if entry["event"] == "leases_lost"] == [["1", "2"]]


def test_a_lost_lease_of_a_message_that_was_acked_meanwhile_is_no_loss() -> None:
    world = World()
    session, other, acked = world.session(1), world.session(2), list[Lease]()
    world.queue.lost = {a_lease(1)}
    world.calls.on("extend", lambda: acked.extend(world.in_flight.finish(session)))
    with capture_logs() as logs:
        assert extend(world)
    assert not session.is_abandoned
    assert not other.is_abandoned
    assert acked == [a_lease(1)]
    assert world.labelled("watcher_lease_extensions_total", result="lost") == 0
    assert world.labelled("watcher_lease_extensions_total", result="ok") == 1
    assert logs == []


def test_one_lost_lease_of_a_batch_abandons_its_own_session_only() -> None:
    world = World()
    sessions = [world.session(number, a_lease(number, "one-token")) for number in (1, 2, 3)]
    world.queue.lost = {a_lease(1, "one-token")}
    extend(world)
    assert [session.is_abandoned for session in sessions] == [True, False, False]


def test_a_closed_session_is_no_longer_kept_alive() -> None:
    world = World()
    world.in_flight.finish(world.session(1))
    extend(world)
    assert world.queue.extended == []


def test_a_bug_in_the_queue_is_not_taken_for_an_outage() -> None:
    world = World()
    world.session(1)
    world.calls.fail("extend", ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        extend(world)


def test_the_lease_extender_ends_with_its_stop() -> None:
    world = World()
    stop = Event()
    stop.set()
    world.lease_extender().run(stop, a_beat(world.clock))
    assert world.calls.names == []
