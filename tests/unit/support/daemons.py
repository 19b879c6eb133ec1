"""A daemon over a world, in a thread of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any, cast

from tests.unit.support.fakes import PATIENCE
from tests.unit.support.world import World
from watcher.daemon.daemon import Daemon, Parts
from watcher.daemon.prober import Prober
from watcher.daemon.systemd import Notifier, ServiceNotifier
from watcher.domain.errors import WatcherError
from watcher.telemetry.health import Beat, Liveness
from watcher.util.clock import SystemClock


class FakeHttp:
    """A health server that serves nobody."""

    host, port = "127.0.0.1", 1

    def __init__(self, told: list[str]) -> None:
        self._told = told

        self._closed = Event()

    def run(self, beat: Beat) -> None:
        self._told.append("http started")
        self._closed.wait(PATIENCE)

    def close(self) -> None:
        self._told.append("http closed")
        self._closed.set()


def parts_of(world: World, told: list[str], **others: Any) -> Parts:
    """The world's parts, some of them replaced."""
    found: dict[str, Any] = {
        "clock": SystemClock(),
        "queue": world.queue,
        "in_flight": world.in_flight,
        "scheduler": world.scheduler,
        "consumer": world.consumer,
        "dead_letters": world.dead_letters,
        "hint_sharing": world.hint_sharing,
        "poller": world.poller,
        "watchdog": world.watchdog(),
        "outbox": world.outbox,
        "lease_extender": world.lease_extender(),
        "prober": Prober(
            queue=world.queue,
            ledger=World().ledger,  # what a test scripts is for the consumer
            results=world.results,
            endpoint=world.endpoint,
            scheduler=world.scheduler,
            clock=world.clock,
            metrics=world.metrics,
            readiness=world.readiness,
        ),
        "liveness": Liveness(world.clock),
        "readiness": world.readiness,
        "http": FakeHttp(told),
        "notifier": ServiceNotifier(Notifier(), world.clock, Liveness(world.clock), world.readiness, str),
        "startup_fields": {},
        "close": lambda: told.append("closed"),
    }
    return cast("Parts", SimpleNamespace(**{**found, **others}))


class Running:
    """A daemon in a thread of its own."""

    def __init__(self, parts: Parts, drain_timeout: float = PATIENCE) -> None:
        self._others = set(threading.enumerate())
        self.daemon = Daemon(parts, concurrency=2, drain_timeout=drain_timeout)
        self.error: BaseException | None = None
        self.thread = Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.daemon.run()
        except WatcherError as error:
            self.error = error

    def join(self, role: str) -> None:
        """Wait for the daemon's threads of this role, which may outlast it."""
        for thread in set(threading.enumerate()) - self._others:
            if thread.name.startswith(f"{role}-"):
                thread.join(PATIENCE)
                assert not thread.is_alive()

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
