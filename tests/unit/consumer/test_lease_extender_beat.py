"""When leases are extended: just before a beat is over, in full batches."""

from collections.abc import Callable

import pytest

from tests.support import SteppingEvent
from tests.unit.support.builders import a_beat, a_lease
from tests.unit.support.world import World
from watcher.domain.errors import QueueError
from watcher.domain.model import Lease
from watcher.sessions.in_flight import InFlight
from watcher.telemetry.health import OWN_LIMIT, SLOW_CALL, Liveness
from watcher.telemetry.readiness import Readiness


class StopAfter(SteppingEvent):
    """Stops after so many waits; `meanwhile` happens at each."""

    def __init__(self, world: World, waits: int, meanwhile: Callable[[], None] = lambda: None) -> None:
        super().__init__(world.clock)
        self._left = waits
        self._meanwhile = meanwhile

    def wait(self, timeout: float | None = None) -> bool:
        self._left -= 1
        if self._left < 0:
            self.set()
        self._meanwhile()
        return super().wait(timeout)


def test_what_is_due_takes_along_the_next_ones_as_far_as_a_batch_has_room() -> None:
    world = World()
    for number in range(25):
        world.session(number)
        world.clock.advance(0.5)
    world.clock.advance(13.6)  # the first eleven are due now, and all are half a beat old
    world.lease_extender(60.0).extend_due()
    assert world.queue.extended == [[a_lease(number) for number in range(20)]]


def test_what_was_received_a_moment_ago_fills_no_batch() -> None:
    world = World()
    world.session(1)
    world.clock.advance(9.2)
    world.session(2)
    world.clock.advance(11.9)
    world.lease_extender(60.0).extend_due()
    assert world.queue.extended == [[a_lease(1)]]


def test_leases_are_looked_at_forty_times_in_their_life_and_extended_twice() -> None:
    world = World()
    world.session(1)
    stop = StopAfter(world, 40)
    world.lease_extender(60.0).run(stop, a_beat(world.clock))
    assert stop.waits == [1.5] * 41
    assert world.calls.count("extend") == 2


def test_a_failure_is_tried_again_after_a_while_and_never_given_up() -> None:
    world = World()
    world.session(1)
    world.calls.fail("extend", *[QueueError("down")] * 2)
    stop = StopAfter(world, 17)
    world.lease_extender(60.0).run(stop, a_beat(world.clock))
    assert stop.waits == [1.5] * 14 + [5.0, 5.0] + [1.5] * 2
    assert world.labelled("watcher_lease_extensions_total", result="failed") == 2
    assert world.labelled("watcher_lease_extensions_total", result="ok") == 1


@pytest.mark.parametrize("received_at", [0.0, 0.1, 0.75, 1.4])
@pytest.mark.parametrize("call", [0.0, 1.5])
def test_whenever_it_was_received_a_lease_is_extended_shortly_before_each_beat_is_over(
    received_at: float, call: float
) -> None:
    """A beat is two fifths of a lease: the longest time for which a lost one can go unnoticed."""
    world = World()
    world.clock.advance(received_at)
    last = world.clock.monotonic()
    world.session(1)
    world.clock.advance(1.5 - received_at)
    gaps: list[float] = []

    def note() -> None:
        nonlocal last
        begun = world.clock.monotonic()
        world.clock.advance(call)
        gaps.append(world.clock.monotonic() - last)
        last = begun

    world.calls.on("extend", note)
    world.lease_extender(60.0).run(StopAfter(world, 100), a_beat(world.clock))
    assert len(gaps) > 5
    assert min(gaps) >= 21.0
    assert max(gaps) <= 24.0


@pytest.mark.parametrize("lost_after", [0.0, 0.7, 10.0, 20.9])
def test_a_lost_lease_ends_the_polls_of_its_session_within_one_beat(lost_after: float) -> None:
    world = World()
    session = world.session(1)
    world.scheduler.add(session, world.clock.monotonic())
    lost_at = world.clock.monotonic() + lost_after
    polls: list[float] = []

    def lose_and_poll() -> None:
        now = world.clock.monotonic()
        if now >= lost_at:
            world.queue.lost = {a_lease(1)}
        if not isinstance(due := world.scheduler.poll_next(now), float):
            polls.append(now)
            world.scheduler.add(due.session, now + 0.5)

    world.lease_extender(60.0).run(StopAfter(world, 40, lose_and_poll), a_beat(world.clock))
    assert session.is_abandoned
    assert max(polls) > lost_at
    assert max(polls) - lost_at <= 24.0


def test_others_are_renewed_along_only_to_fill_a_batch_that_is_needed() -> None:
    books = InFlight(5)
    for number in range(1, 8):
        books.track([a_lease(number)], float(number))
    assert books.due_for_extension(0.5, 6.0, 3) == []
    assert books.due_for_extension(1.0, 6.0, 3) == [a_lease(1), a_lease(2), a_lease(3)]
    assert books.due_for_extension(3.0, 6.0, 3) == [a_lease(1), a_lease(2), a_lease(3)]
    assert books.due_for_extension(5.0, 6.0, 4) == [a_lease(number) for number in range(1, 7)]


def test_a_lease_extender_that_hangs_in_our_own_code_is_late_and_one_that_waits_for_its_next_look_is_not() -> None:
    world = World()
    liveness = Liveness(world.clock)
    world.session(1)
    late: list[list[str]] = []

    def hang(*_: object) -> list[Lease]:
        world.clock.advance(OWN_LIMIT + 1.0)
        late.append(liveness.late())
        return []

    world.in_flight.due_for_extension = hang  # type: ignore[method-assign, assignment]
    world.lease_extender(3600.0).run(StopAfter(world, 2), liveness.beat("lease-extender"))
    assert late == [["lease-extender: no progress for 21 s"]] * 2
    assert liveness.late() == []


def test_a_lease_extension_that_hangs_is_named_by_readiness() -> None:
    world = World()
    liveness = Liveness(world.clock)
    world.session(1)
    problems: list[str] = []

    def hang() -> None:
        world.clock.advance(SLOW_CALL)
        problems.extend(Readiness(liveness.slow_calls).problems().values())

    world.calls.on("extend", hang)
    world.lease_extender(60.0).run(StopAfter(world, 15), liveness.beat("lease-extender"))
    assert set(problems) == {"no answer for 20 s (extend, called by the thread lease-extender)"}
