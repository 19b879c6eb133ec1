"""SIGKILL at random moments, over and over."""

import signal
import time
from functools import partial

from tests.chaos.backends import Embedded
from tests.chaos.circumstances import Circumstances, Ground
from tests.chaos.fault_proxy import Fault
from tests.chaos.history import Accepted
from tests.chaos.rig import Rig
from tests.chaos.scenario import Level, Scenario, add, scenario
from tests.chaos.waiting import wait_until

PROMISE = "no session lost, none decided twice"


def _kill_watchers(ground: Ground, given: Circumstances) -> str:
    """Two watchers; after each kill another takes its place. A kill comes at a random moment of a random stage."""
    with Rig(given, ground) as rig:
        running = rig.start_ready(2)
        kills = given.count(8)
        for _ in range(kills):
            before = len(rig.receiver.seen)
            rig.feed(given.count(12))
            wait_until(lambda before=before: len(rig.receiver.seen) > before, "an event")  # type: ignore[misc]
            time.sleep(rig.chance.random() * 2)
            victim = rig.chance.randrange(2)
            running[victim].kill()
            running[victim] = rig.start()
        rig.settle()
        repeated = len(rig.receiver.seen) - rig.delivered()
        return f"{kills} kills, {rig.finish()}, {repeated} events delivered again"


for _ground, _level in (
    (Ground.EMBEDDED, Level.SAMPLE),
    (Ground.SQS_SQLITE, Level.CI),
    (Ground.SQS_DYNAMODB, Level.SAMPLE),
):
    add(
        Scenario(
            f"kills-{_ground.name.lower().replace('_', '-')}",
            "kills",
            f"SIGKILL at random moments: {_ground}",
            PROMISE,
            _level,
            partial(_kill_watchers, _ground),
        )
    )


def _kill_with_it_down(wire: str, ground: Ground, given: Circumstances) -> str:
    """Whatever was not delivered, recorded or acked for the outage must still be on the queue."""
    with Rig(given, ground) as rig:
        proxy = getattr(rig, wire)
        kills = given.count(4)
        for _ in range(kills):
            (watcher,) = rig.start_ready()
            fault = rig.chance.choice((Fault.STALL, Fault.ERROR, Fault.RESET, Fault.ANSWER_LOST))
            before = proxy.hits[fault]
            proxy.begin(fault)
            rig.feed(given.count(10))
            wait_until(lambda f=fault, b=before: proxy.hits[f] > b, f"calls of the {wire}")  # type: ignore[misc]
            time.sleep(rig.chance.random() * 3)
            watcher.kill()
            proxy.end()
        rig.start()
        rig.settle()
        return f"{kills} kills, {rig.finish()}"


for _wire, _where, _level in (
    ("sink", Ground.EMBEDDED, Level.CI),
    ("ledger", Ground.SQS_DYNAMODB, Level.CI),
    ("queue", Ground.SQS_SQLITE, Level.CI),
):
    add(
        Scenario(
            f"kills-{_wire}-down",
            "kills",
            f"SIGKILL while the {_wire} is down",
            PROMISE,
            _level,
            partial(_kill_with_it_down, _wire, _where),
        )
    )


@scenario("kills", "while-draining", "SIGKILL at a random moment of a drain", PROMISE)
def _kill_in_the_drain(given: Circumstances) -> str:
    with Rig(given) as rig:
        kills = given.count(6)
        for _ in range(kills):
            (watcher,) = rig.start_ready()
            before = rig.delivered()
            rig.feed(given.count(15))
            rig.wait_for_deliveries(before + 1)
            watcher.send(signal.SIGTERM)
            time.sleep(rig.chance.random())
            watcher.kill()
        rig.start()
        rig.settle()
        return f"{kills} kills, {rig.finish()}"


@scenario("kills", "while-starting", "SIGKILL at a random moment of the start", PROMISE)
def _kill_in_the_start(given: Circumstances) -> str:
    with Rig(given) as rig:
        rig.feed(given.count(40))
        kills = given.count(8)
        for _ in range(kills):
            watcher = rig.start()
            time.sleep(rig.chance.random() * 2.5)
            watcher.kill()
        rig.start()
        rig.settle()
        return f"{kills} kills, {rig.finish()}"


@scenario("kills", "producer", "SIGKILL of `watcher enqueue`", "all of its messages are there, or none; none twice")
def _kill_producers(given: Circumstances) -> str:
    with Rig(given) as rig:
        rig.start_ready()
        begun = time.monotonic()
        rig.feed(5)
        usual = time.monotonic() - begun
        assert isinstance(rig.backend, Embedded)
        kills = given.count(8)
        for _ in range(kills):
            sent = rig.prepare(given.count(10))
            with rig.backend.producer() as producer:
                assert producer.stdin
                producer.stdin.write("\n".join(body for _, body in sent).encode())
                producer.stdin.close()
                time.sleep(usual * rig.chance.uniform(0.3, 1.3))
                producer.kill()
                producer.wait()
            rig.accept([accepted for accepted, _ in sent], is_certain=producer.returncode == 0)
            assert_whole(rig, [accepted for accepted, _ in sent])
        rig.settle()
        return f"{kills} kills, {rig.finish()}"


def assert_whole(rig: Rig, sent: list[Accepted]) -> None:
    """A message that got in is on the queue or decided. They came in one transaction: all did, or none."""
    assert isinstance(rig.backend, Embedded)
    # First the queue: what leaves it meanwhile is in the ledger afterwards.
    waiting = "\n".join(rig.backend.left())
    decided = rig.decided()
    there = sum(one.session_id in waiting or one.event_id in decided for one in sent)
    assert there in {0, len(sent)}, f"{there} of {len(sent)} messages of one transaction"
