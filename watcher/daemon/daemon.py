"""The daemon: start, run, stop, on one screen."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf
from threading import Event
from typing import Protocol

import structlog

from watcher.consumer.consumer import Consumer
from watcher.consumer.dead_letters import DeadLetterWriter
from watcher.consumer.hint_sharing import HintSharing
from watcher.consumer.lease_extender import LeaseExtender
from watcher.daemon.prober import Prober
from watcher.daemon.systemd import ServiceNotifier
from watcher.delivery.outbox import Outbox
from watcher.domain.errors import DatabaseLost, QueueError, WatcherError
from watcher.domain.model import Lease
from watcher.domain.ports import Clock, Queue
from watcher.polling.deadline_watchdog import DeadlineWatchdog
from watcher.polling.poller import Poller
from watcher.polling.scheduler import Scheduler
from watcher.sessions.in_flight import InFlight
from watcher.telemetry.health import Beat, Liveness, rest_current
from watcher.telemetry.http_server import HealthServer
from watcher.telemetry.readiness import DRAINING, Readiness
from watcher.util.threads import Threads, run_within

log = structlog.get_logger(__name__)

EMPTY_INTERVAL = 0.2
"""Seconds between two checks of whether everything is done, with `--until-empty`."""

EMPTY_CHECKS = 2
"""Consecutive checks that have to find nothing: a queue's own count may be approximate, as in SQS."""

RELEASE_SHARE = 0.1
"""Share of the drain's time that is kept for releasing messages."""

LEAST_RELEASE = 1.0
"""Seconds for releasing messages if there is hardly any drain: otherwise they wait a minute for their leases."""

LOST_DRAIN = 1.0
"""Seconds of drain once the database is lost: nothing can be recorded, so nothing can be delivered or released. The
sooner it is closed, the less other processes can write in between that the close would have to give up."""

CLOSE_TIME = 2.0
"""Seconds beyond the drain after which the watcher ends, whatever still hangs. The service manager allows more beyond
the drain (`systemd.STOP_SLACK`)."""

LOCK_TIME = 0.5
"""Seconds that a step of the drain may wait for a lock. Locks are held for microseconds, but a hanging thread holds
its lock forever, and two such locks must fit into `CLOSE_TIME`."""

LAST_RESORT = 1.0
"""Seconds beyond that after which the signal thread ends the process, because the main thread hangs too."""


class Parts(Protocol):
    """The parts from the composition root."""

    clock: Clock
    queue: Queue
    in_flight: InFlight
    scheduler: Scheduler
    consumer: Consumer
    dead_letters: DeadLetterWriter
    hint_sharing: HintSharing
    poller: Poller
    watchdog: DeadlineWatchdog
    outbox: Outbox
    lease_extender: LeaseExtender
    prober: Prober
    liveness: Liveness
    readiness: Readiness
    http: HealthServer
    notifier: ServiceNotifier
    startup_fields: Mapping[str, object]
    close: Callable[[], None]


class Daemon:
    """Runs the parts until a stop, until the queue is empty, or until one of its threads dies."""

    def __init__(
        self, parts: Parts, *, concurrency: int, drain_timeout: float, stopping: Event | None = None
    ) -> None:
        """`drain_timeout`: seconds from the signal to the end.

        It takes at most `CLOSE_TIME` longer, and only if something hangs. `stopping` begins the drain like `stop`.
        """
        self._parts = parts
        self._concurrency = concurrency
        self._drain_timeout = drain_timeout
        self._stopping = stopping or Event()
        self._drained = Event()
        self._threads = Threads(parts.clock, self._died, rest_current)
        self._fatal: WatcherError | None = None

    @property
    def stop_limit(self) -> float:
        """Maximum seconds from a stop to the end of the process, whatever hangs."""
        return self._drain_timeout + CLOSE_TIME + LAST_RESORT

    def run(self, *, until_empty: bool = False) -> None:
        """Work until `stop` is called, or with `until_empty` until nothing is left to do.

        Raises:
            WatcherError: a thread died; raised after a clean stop.
        """
        self._start()
        self._parts.notifier.ready()
        if until_empty:
            # A separate thread, because a hanging queue must not keep the main thread from stopping.
            emptiness = self._parts.liveness.beat("emptiness")
            self._threads.start("emptiness", partial(self._wait_for_empty, emptiness))
        try:
            self._wait()
        finally:
            self._drain()
        if self._fatal is not None:
            raise self._fatal

    def _wait(self) -> None:
        notifier, beat = self._parts.notifier, self._parts.liveness.beat("main")
        while not self._stopping.wait(notifier.interval):
            beat.beat()
            notifier.tick()
            beat.rest()

    def _wait_for_empty(self, beat: Beat) -> None:
        empty_checks = 0
        while not self._stopping.wait(EMPTY_INTERVAL):
            beat.beat()
            empty_checks = empty_checks + 1 if self._is_done() else 0
            if empty_checks >= EMPTY_CHECKS:
                log.info("queue_empty", consequence="ending because of --until-empty")
                self.stop()

    def stop(self) -> None:
        """Begin the drain; safe to call from a signal handler, any number of times."""
        self._stopping.set()

    def _start(self) -> None:
        parts, beat, start = self._parts, self._parts.liveness.beat, self._threads.start
        parts.outbox.start(self._threads, parts.liveness)
        parts.dead_letters.start(self._threads, parts.liveness, self._stopping)
        start("lease-extender", partial(parts.lease_extender.run, self._drained, beat("lease-extender")))
        start("prober", partial(parts.prober.run, self._stopping, beat("prober")))
        for _ in range(self._concurrency):
            start("poller", partial(parts.poller.run, beat("poller")))
        start("deadline-watchdog", partial(parts.watchdog.run, self._stopping, beat("deadline-watchdog")))
        start("consumer", partial(parts.consumer.run, self._stopping, beat("consumer")))
        if parts.hint_sharing.is_used:
            start("hints", partial(parts.hint_sharing.run, self._stopping, beat("hints")))
        start("http", partial(parts.http.run, beat("http")))
        log.info("started", **parts.startup_fields, host=parts.http.host, port=parts.http.port)

    def _drain(self) -> None:
        """Stop from front to back, so that each part can still pass its work to the next.

        1. The consumer first: nothing new comes in.
        2. The workers finish their calls. A session whose final poll is under way is decided, not lost.
        3. The ledger, the sinks and the acks finish decided sessions; unservable messages are dead-lettered.
        4. Leases were extended until here; now that stops, or it would extend the leases that are released next.
        5. Unfinished messages are released, nearest deadline first, so that the most urgent are received first.

        All of it has one limit, `drain_timeout`: systemd's TimeoutStopSec and Kubernetes' grace period are longer,
        and kill the process after that. A step that hangs, say at a lock, costs only what depends on it.
        """
        parts = self._parts
        limit = parts.clock.monotonic() + self._drain_timeout
        end = limit - self._drain_timeout * RELEASE_SHARE
        self._stopping.set()
        self._step("announcement", self._announce_stop)
        self._step("in_flight", parts.in_flight.close)
        self._step("hints", parts.hint_sharing.stop)
        self._threads.join(["consumer"], end)
        self._step("scheduler", parts.scheduler.stop)
        self._threads.join(["poller"], end)
        self._step("outbox", partial(parts.outbox.drain, self._threads, end), end)
        self._step("dead_letters", partial(parts.dead_letters.drain, self._threads, end), end)
        self._drained.set()
        # Even when time is up: an extension under way would extend the leases that are released next.
        self._threads.join(["lease-extender"], end + self._drain_timeout * RELEASE_SHARE / 2)
        # A disk, lock or service that hangs here is abandoned: leases expire, and everything else is already safe.
        if not run_within(limit + CLOSE_TIME, partial(self._let_go, limit), parts.clock):
            log.error("close_timed_out", consequence="the process ends anyway")
        log.info("stopped")

    def _announce_stop(self) -> None:
        parts = self._parts
        parts.readiness.mark_unavailable(DRAINING, "the watcher is stopping")
        parts.notifier.stopping(self._drain_timeout)
        log.info("draining", in_flight=len(parts.in_flight), seconds=self._drain_timeout)

    def _step(self, name: str, work: Callable[[], None], end: float = -inf) -> None:
        """One step of the drain, which waits for nothing, or for threads until `end`. A hanging one is abandoned."""
        clock = self._parts.clock
        if not run_within(max(clock.monotonic(), end) + LOCK_TIME, work, clock):
            log.error("drain_step_timed_out", step=name, consequence="the drain continues without it")

    def _let_go(self, limit: float) -> None:
        """Release unfinished messages and close everything; calls that wait get the time that is left."""
        parts, now = self._parts, self._parts.clock.monotonic
        self._release(parts.in_flight.release_all(), max(limit - now(), LEAST_RELEASE))
        self._threads.dismiss()
        parts.http.close()
        parts.queue.close(max(limit - now(), 0.0))
        parts.close()

    def _release(self, leases: Sequence[Lease], seconds: float) -> None:
        if not leases:
            return
        try:
            self._parts.queue.release(leases, seconds)
        except (QueueError, DatabaseLost) as error:
            log.error("release_failed", messages=len(leases), error=str(error), consequence="their leases expire")
        else:
            log.info("messages_released", messages=len(leases))

    def _is_done(self) -> bool:
        if len(self._parts.in_flight):
            return False
        try:
            depth = self._parts.queue.depth()
        except QueueError:
            return False
        # Leased ones count: our last ack may be under way, or another watcher may die and its messages be
        # redelivered.
        return depth.visible + depth.leased == 0

    def _died(self, role: str, error: BaseException) -> None:
        if self._fatal is None:
            self._fatal = (
                error if isinstance(error, WatcherError) else WatcherError(f"the {role} thread died: {error!r}")
            )
        if isinstance(error, DatabaseLost):
            self._parts.readiness.mark_unavailable("database", error, "the watcher stops: nothing can be recorded")
            self._drain_timeout = min(self._drain_timeout, LOST_DRAIN)
        self._stopping.set()
