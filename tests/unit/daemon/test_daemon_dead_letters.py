"""Dead letters that are down or hang, in a whole daemon."""

from threading import Event

import pytest

from tests.support import session_id
from tests.unit.support.builders import a_received_message
from tests.unit.support.daemons import parts_of, running
from tests.unit.support.fakes import PATIENCE
from tests.unit.support.world import World
from watcher.domain.errors import QueueError


class Hanging:
    """Burials that hang until they are let go, but for the first few."""

    def __init__(self, world: World, after: int = 0) -> None:
        self.begun, self._gate = Event(), Event()
        self._left = after
        world.calls.on("dead_letter", self._hang)

    def _hang(self) -> None:
        self._left -= 1
        if self._left >= 0:
            return
        self.begun.set()
        self._gate.wait(PATIENCE)

    def let_go(self) -> None:
        self._gate.set()


@pytest.mark.usefixtures("no_waiting")
def test_sessions_are_received_and_decided_while_a_burial_hangs() -> None:
    world = World()
    hanging = Hanging(world)
    world.queue.waiting = [
        a_received_message("nonsense", 99),
        *(a_received_message(session_id(n), n) for n in range(25)),
    ]
    with running(parts_of(world, [])):
        assert hanging.begun.wait(PATIENCE)
        is_idle = world.queue.idle.wait(PATIENCE / 2)
        world.calls.wait_for("ack")
        dead_letters = list(world.queue.dead_letters)
        hanging.let_go()
    assert is_idle
    assert dead_letters == []
    assert len(world.queue.acked) == 25
    assert len(world.queue.dead_letters) == 1


def test_a_burial_that_hangs_does_not_hold_a_stop_beyond_its_bound() -> None:
    world, told = World(), list[str]()
    hanging = Hanging(world)
    world.queue.waiting = [a_received_message("nonsense", 1), a_received_message("rubbish", 2)]
    with running(parts_of(world, told), drain_timeout=0.1) as daemon:
        assert hanging.begun.wait(PATIENCE)
        assert world.queue.idle.wait(PATIENCE)
        daemon.daemon.stop()
        daemon.end(PATIENCE / 2)
        assert told[-1] == "closed"
        hanging.let_go()
    assert daemon.error is None
    assert world.queue.released == []  # their leases run out: given back, they would only come at once, to others


@pytest.mark.usefixtures("no_waiting")
def test_a_stop_does_not_wait_for_dead_letters_that_are_known_to_be_down() -> None:
    world = World()
    hanging = Hanging(world, after=1)
    world.calls.fail("dead_letter", QueueError("down"))
    world.queue.waiting = [a_received_message("nonsense", 1)]
    with running(parts_of(world, [])) as daemon:
        assert hanging.begun.wait(PATIENCE)
        daemon.daemon.stop()
        daemon.end(PATIENCE / 2)
        hanging.let_go()
    assert world.readiness.problems()["dead letters"] == "down"


def test_what_is_received_at_the_stop_is_dead_lettered_still() -> None:
    world = World()
    hanging = Hanging(world)
    world.queue.waiting = [a_received_message("nonsense", number) for number in range(9)]
    with running(parts_of(world, [])) as daemon:
        assert hanging.begun.wait(PATIENCE)
        assert world.queue.idle.wait(PATIENCE)
        daemon.daemon.stop()
        hanging.let_go()
        daemon.end()
    assert len(world.queue.dead_letters) == 9
