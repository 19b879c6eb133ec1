"""SIGSTOP and SIGCONT: a laptop that is shut, a machine that is moved, a debugger."""

import signal
import time

from tests.chaos.circumstances import LEASE, Circumstances, Ground
from tests.chaos.process import WatcherProcess
from tests.chaos.rig import Rig
from tests.chaos.scenario import Level, scenario


def _suspend(rig: Rig, victim: WatcherProcess) -> None:
    """Stop it at a moment when others can write: one that stops within a transaction keeps the file's lock.

    SQLite's lock is the process's until that ends or goes on; nobody can take over then. They wait, and say so.
    """
    victim.send(signal.SIGSTOP)
    while not rig.backend.is_writable():
        victim.send(signal.SIGCONT)
        time.sleep(rig.chance.uniform(0.0, 0.1))
        victim.send(signal.SIGSTOP)


def _taken_over(given: Circumstances, ground: Ground) -> str:
    """One of two is stopped until the other one has decided everything; then it goes on with what it held."""
    with Rig(given, ground, ends_after=6.0) as rig:
        times = given.count(3) if given.size > 1 else 2
        running = rig.start_ready(2)
        for _ in range(times):
            seen = rig.delivered()
            rig.feed(given.count(16))
            rig.wait_for_deliveries(seen + 1)
            victim = rig.chance.choice(running)
            _suspend(rig, victim)
            rig.wait_for_deliveries(len(rig.history.accepted))
            victim.send(signal.SIGCONT)
        rig.settle()
        return f"suspended {times} times beyond its leases, {rig.finish()}"


TAKEN_OVER = "another one decides; what it held is not decided again"


@scenario("suspension", "embedded", "one of two watchers suspended: embedded queue", TAKEN_OVER, Level.SAMPLE)
def _embedded(given: Circumstances) -> str:
    return _taken_over(given, Ground.EMBEDDED)


@scenario("suspension", "sqs", "one of two watchers suspended: SQS, ledger in DynamoDB", TAKEN_OVER)
def _sqs(given: Circumstances) -> str:
    return _taken_over(given, Ground.SQS_DYNAMODB)


@scenario(
    "suspension", "alone", "the only watcher suspended beyond its leases", "it goes on; none is decided wrongly"
)
def _alone(given: Circumstances) -> str:
    with Rig(given, ends_after=6.0) as rig:
        (watcher,) = rig.start_ready()
        for _ in range(2):
            rig.feed(given.count(20))
            rig.wait_for_deliveries(1)
            watcher.send(signal.SIGSTOP)
            time.sleep(LEASE * 1.5)
            watcher.send(signal.SIGCONT)
        rig.settle()
        return f"suspended twice for {LEASE * 1.5:.0f} s, {rig.finish()}"
