"""A peer at work beside an endpoint and a broker of its own, and how to wait for what it does."""

import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.peers import lives
from tests.benchmarks.peers.common import Work
from tests.benchmarks.peers.endpoint import Endpoint, Made, simulated
from tests.benchmarks.peers.figures import Told, decisions
from tests.benchmarks.peers.redis_server import redis_server
from tests.benchmarks.peers.workers import Peer, Setting, Worker

WARM_UP = 40
"""Sessions decided before anything counts: imports, connections and pools are there then."""

POLL_INTERVAL = 2.0
"""Seconds of a session's life between two polls."""

LOOK = 0.1
"""Seconds between two looks at a file or a counter."""


class Ended(Exception):
    """A worker ended by itself, or does nothing any more; says why."""


class Stalled(Ended):
    """A worker did nothing for too long."""


@dataclass(slots=True)
class Stage:
    """A worker at its endpoint."""

    worker: Worker
    endpoint: Endpoint
    broker: int
    """Process id of the broker's server, 0 without one."""
    patience: float

    def told(self) -> dict[str, Told]:
        """The decisions so far."""
        path = self.worker.work.decisions
        if not path.exists():
            return {}
        with path.open() as lines:
            return decisions(lines)

    def lines(self) -> int:
        """How many decisions there are."""
        path = self.worker.work.decisions
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def until(self, progress: Callable[[], float], wanted: float, patience: float = 0.0) -> None:
        """Wait until `progress` has come to `wanted`; stalled is no step in `patience` seconds. Raises Ended."""
        patience = patience or self.patience
        best, since = -math.inf, time.monotonic()
        while (now := progress()) < wanted:
            if why := self.worker.why_ended():
                raise Ended(why)
            if now > best:
                best, since = now, time.monotonic()
            elif time.monotonic() > since + patience:
                raise Stalled(f"stood still at {now:.0f} of {wanted:.0f} for {patience:.0f} s")
            time.sleep(LOOK)

    def create(self, ending: str, number: int) -> list[Made]:
        return [self.endpoint.create(ending) for _ in range(number)]

    def warm_up(self) -> None:
        """Have it decide some sessions that are over."""
        before = self.lines()
        self.worker.feed(self.create(lives.OVER, WARM_UP))
        self.until(self.lines, before + WARM_UP)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Of a worker: the lives of its sessions and what their time is faster by, calls a second let through (0: all),
    the endpoint's seconds for a call, how many sessions may be in flight, and see Plan.patience."""

    drawn: Sequence[lives.Life] = ()
    time_scale: float = 1.0
    quota: float = 0.0
    latency: float = 0.0
    sessions: int = 1
    patience: float = 60.0


@contextmanager
def staged(
    peer: Peer, around: Surroundings, max_rate: float = 0.0, interval: float = POLL_INTERVAL
) -> Iterator[Stage]:
    """A worker of the peer at a simulator of its own.

    `max_rate` is what the watcher is told of the quota, 0 for nothing; `interval` seconds of a session's life.
    """
    scale = around.time_scale
    with tempfile.TemporaryDirectory() as place, ExitStack() as opened:
        folder = Path(place)
        endpoint = opened.enter_context(simulated(folder, around.drawn, scale, around.quota, around.latency))
        socket, broker = opened.enter_context(redis_server(folder)) if "redis-server" in peer.needs else ("", 0)
        work = Work(endpoint.url, folder, socket, interval / scale, lives.LIFE_SECONDS / scale)
        worker = peer.start(Setting(work, max_rate, around.sessions))
        opened.callback(worker.end)
        yield Stage(worker, endpoint, broker, around.patience)
