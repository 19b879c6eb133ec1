"""SIGTERM and a new start, over and over, while sessions come."""

import signal
import time

from tests.chaos.circumstances import Circumstances, Ground
from tests.chaos.fault_proxy import Fault
from tests.chaos.rig import Rig
from tests.chaos.scenario import Level, scenario

ECHO = 0.5
"""Seconds. `timeout` signals a process and then its group: within 0.2 s, two signals are one."""

PROMISE = "each ends with exit code 0; the next one goes on; no session lost, none decided twice"


def _restarts(given: Circumstances, ground: Ground) -> str:
    """Of two watchers one at a time is stopped at a random moment; most sessions are being watched then."""
    with Rig(given, ground, ends_after=5.0) as rig:
        running = rig.start_ready(2)
        drains = given.count(6)
        longest = 0.0
        for _ in range(drains):
            before = len(rig.receiver.seen)
            rig.feed(given.count(12))
            rig.wait_for_deliveries(min(before + 1, len(rig.history.accepted)))
            time.sleep(rig.chance.random() * 2)
            victim = rig.chance.randrange(2)
            running[victim].wait_for_event("started")
            begun = time.monotonic()
            running[victim].send(signal.SIGTERM)
            running[victim].wait_for_end()
            longest = max(longest, time.monotonic() - begun)
            running[victim] = rig.start()
        rig.settle()
        return f"{drains} drains, the longest {longest:.1f} s; {rig.finish()}"


@scenario("drains", "embedded", "SIGTERM and a new start, repeatedly: embedded queue", PROMISE, Level.SAMPLE)
def _embedded(given: Circumstances) -> str:
    return _restarts(given, Ground.EMBEDDED)


@scenario("drains", "sqs", "SIGTERM and a new start, repeatedly: SQS, ledger in DynamoDB", PROMISE)
def _sqs(given: Circumstances) -> str:
    return _restarts(given, Ground.SQS_DYNAMODB)


@scenario("drains", "two-signals", "two SIGTERMs while a sink is down", "the second ends it at once; nothing is lost")
def _two_signals(given: Circumstances) -> str:
    with Rig(given) as rig:
        stops, longest = given.count(4), 0.0
        rig.sink.begin(Fault.STALL)
        for _ in range(stops):
            (watcher,) = rig.start_ready()
            watcher.expected_codes = {0, 1, -signal.SIGTERM, 128 + signal.SIGTERM}
            rig.feed(given.count(8))
            watcher.wait_for_event("decided")
            watcher.send(signal.SIGTERM)
            watcher.wait_for_event("draining")
            time.sleep(ECHO)
            begun = time.monotonic()
            watcher.send(signal.SIGTERM)
            watcher.wait_for_end()
            longest = max(longest, time.monotonic() - begun)
        rig.sink.end()
        rig.start()
        rig.settle()
        return f"{stops} stops, {longest:.1f} s at most; {rig.finish()}"
