"""The outbox of a world with its threads, and decisions for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from tests.unit.support.builders import live_answer
from tests.unit.support.fakes import PATIENCE
from tests.unit.support.world import World
from watcher.decisions.cloud_event import decision_event
from watcher.decisions.rules import decide
from watcher.domain.model import DecisionEvent, DecisionRules
from watcher.sessions.session import Session
from watcher.telemetry.health import Liveness, rest_current
from watcher.util.clock import SystemClock
from watcher.util.threads import Threads

RULES = DecisionRules()


def event_of(world: World, session: Session) -> DecisionEvent:
    answer = live_answer()
    return decision_event(
        session, decide(answer, RULES), answer, RULES, source="/watcher/us-east-1", now=world.clock.time()
    )


def decided(world: World, session: Session) -> DecisionEvent:
    """Hand a fresh decision over, as a worker does."""
    event = event_of(world, session)
    world.outbox.decided(session, decide(live_answer(), RULES), event)
    return event


class Running:
    """The outbox with its threads."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.deaths: list[tuple[str, BaseException]] = []
        self.died = Event()
        self.threads = Threads(SystemClock(), self._died, rest_current)
        self.liveness = Liveness(world.clock)
        world.outbox.start(self.threads, self.liveness)

    def _died(self, role: str, error: BaseException) -> None:
        self.deaths.append((role, error))
        self.died.set()

    def drain(self, seconds: float = PATIENCE) -> None:
        self.world.outbox.drain(self.threads, SystemClock().monotonic() + seconds)


@contextmanager
def running(world: World) -> Iterator[Running]:
    """Threads that are ended whatever the test finds."""
    outbox = Running(world)
    try:
        yield outbox
    finally:
        for sink in world.sinks.values():
            sink.gate.set()
        outbox.drain(0.0)
        roles = ["recorder", "acker", *(f"sink-{name}" for name in world.sinks)]
        assert outbox.threads.join(roles, SystemClock().monotonic() + PATIENCE)
