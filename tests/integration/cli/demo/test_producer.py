from collections.abc import Iterator, Sequence
from typing import cast

import pytest

from tests.support import ManualClock, SteppingEvent
from watcher.cli.demo.plan import DemoPlan, make_plan
from watcher.cli.demo.producer import Producer
from watcher.domain.errors import QueueError
from watcher.domain.ports import Queue
from watcher.simulator import Simulator


class Outgoing:
    """A queue that only notes what is sent, and when."""

    def __init__(self, clock: ManualClock) -> None:
        self.sent: list[tuple[float, str]] = []
        self.fails = False
        self._clock = clock
        self._start = clock.monotonic()

    def send(self, bodies: Sequence[str]) -> None:
        if self.fails:
            raise QueueError("the disk is full")
        self.sent += [(self._clock.monotonic() - self._start, body) for body in bodies]


class Scene:
    def __init__(self, plan: DemoPlan, simulator: Simulator) -> None:
        self.clock = ManualClock()
        self.stop = SteppingEvent(self.clock)
        self.queue = Outgoing(self.clock)
        self.feeder = Producer(plan, simulator, cast("Queue", self.queue), self.clock, self.stop)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def plan() -> DemoPlan:
    return make_plan(40, seed=1)


def test_everything_is_sent_at_its_time(plan: DemoPlan, simulator: Simulator) -> None:
    scene = Scene(plan, simulator)
    scene.feeder.run()
    assert [at for at, _ in scene.queue.sent] == pytest.approx([step.at for step in plan.steps])
    assert scene.feeder.begun == 40


def test_sessions_exist_when_they_are_announced_but_for_those_that_never_did(
    plan: DemoPlan, simulator: Simulator
) -> None:
    Scene(plan, simulator).feeder.run()
    for session in plan.sessions:
        if session.script is None:
            with pytest.raises(KeyError):
                simulator.session(session.session_id)
        else:
            assert simulator.session(session.session_id).script == session.script


def test_what_is_announced_again_is_the_same_message(plan: DemoPlan, simulator: Simulator) -> None:
    scene = Scene(plan, simulator)
    scene.feeder.run()
    sent = [body for _, body in scene.queue.sent]
    again = [body for step, body in zip(plan.steps, sent, strict=True) if step.again]
    assert len(again) == 4
    assert all(sent.count(body) == 2 for body in again)


def test_a_stop_ends_the_feeding(plan: DemoPlan, simulator: Simulator) -> None:
    scene = Scene(plan, simulator)
    scene.stop.set()
    scene.feeder.run()
    assert scene.queue.sent == []


def test_a_queue_that_fails_ends_the_feeding_and_is_told(plan: DemoPlan, simulator: Simulator) -> None:
    scene = Scene(plan, simulator)
    scene.queue.fails = True
    scene.feeder.run()
    assert str(scene.feeder.error) == "the disk is full"
