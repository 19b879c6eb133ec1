"""What each part of the watcher's own work costs a poll, in CPU microseconds: the parts themselves, one by one."""

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from threading import Event
from typing import Any
from uuid import UUID

from tests.benchmarks.bench_scheduler import NEVER, Time, make_watch, watcher_polls
from watcher import logs
from watcher.clock import SystemClock
from watcher.delivery import Outbox
from watcher.health import Beat, Readiness
from watcher.inflight import InFlight
from watcher.leases import LeaseKeeper
from watcher.ledgers.none import NoLedger
from watcher.metrics import Metrics
from watcher.model import SessionResult, SessionStatus
from watcher.policy import PollAgain, PollPolicy, backoff
from watcher.poller import Poller
from watcher.queues.sqlite import SqliteQueue
from watcher.ratelimit import Unlimited
from watcher.rekognition.answer import parse_answer
from watcher.runtime import Rules, Runtime
from watcher.scheduler import Scheduler

ROUNDS = 7
LEASE_BEATS = 20.0
"""Seconds between two beats at the default visibility time-out of 60 s."""


def costs(waiting: int, rate: float, polls: int) -> dict[str, float]:
    """Microseconds a poll of each part, with `waiting` sessions and `rate` polls a second."""
    logs.configure("info", "json")
    poller, metrics = make_poller()
    watch, answer = make_watch(1), SessionResult(str(UUID(int=1)), SessionStatus.IN_PROGRESS)
    raw = {"SessionId": answer.session_id, "Status": "IN_PROGRESS", "ResponseMetadata": {}}
    scheduling = watcher_polls(waiting)

    def note() -> None:
        watch.trail.clear()
        poller._note(watch, answer, 0.0123, PollAgain(1.5))

    return {
        "scheduling and poll policy": spent(lambda: scheduling(1), polls),
        "checking the answer": spent(lambda: parse_answer(answer.session_id, raw), polls),
        "metrics": spent(lambda: poller._count(answer, lag=0.01, seconds=0.01), polls),
        "trail and debug log": spent(note, polls),
        "readiness": spent(lambda: poller._heed(answer), polls),
        "keeping leases alive": lease_beat(waiting, metrics) / (rate * LEASE_BEATS),
    }


def spent(work: Callable[[], object], times: int) -> float:
    """CPU microseconds of one `work`, the median of some rounds."""
    found = []
    for _ in range(ROUNDS):
        begun = time.thread_time()
        for _ in range(times):
            work()
        found.append((time.thread_time() - begun) / times * 1e6)
    return median(found)


def lease_beat(waiting: int, metrics: Metrics) -> float:
    """CPU microseconds of one beat for `waiting` leases of an SQLite queue."""
    with tempfile.TemporaryDirectory() as folder:
        queue = SqliteQueue(Path(folder) / "watcher.db", 60.0, SystemClock())
        queue.send([str(UUID(int=number)) for number in range(waiting)])
        in_flight = InFlight(waiting)
        while deliveries := queue.receive(100, 0.0, Event()):
            for delivery in deliveries:
                in_flight.add(make_watch(int(delivery.lease.message_id)), delivery.lease)
        keeper = LeaseKeeper(queue, in_flight, 60.0, metrics, Readiness())
        microseconds = spent(keeper.extend_all, 1)
        queue.close()
    return microseconds


def make_poller() -> tuple[Poller, Metrics]:
    """A poller with all that it counts and notes in, and nothing to call."""
    clock, metrics, readiness, in_flight = SystemClock(), Metrics([], []), Readiness(), InFlight(1)
    scheduler = Scheduler(Unlimited(), clock, Beat(Time(), NEVER))
    policy = PollPolicy(backoff(1.0, 10.0, 1.6, 0.2, random.uniform), clock)
    nothing: Any = None
    outbox = Outbox(
        queue=nothing,
        ledger=NoLedger(clock),
        sinks=[],
        in_flight=in_flight,
        clock=clock,
        metrics=metrics,
        readiness=readiness,
    )
    poller = Poller(
        results=nothing,
        scheduler=scheduler,
        outbox=outbox,
        runtime=Runtime(Rules({}, policy, 180.0)),
        clock=clock,
        metrics=metrics,
        readiness=readiness,
        source="/watcher/us-east-1",
    )
    return poller, metrics
