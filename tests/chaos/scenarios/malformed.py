"""Messages and rows that nobody should have written, among good ones. (Answers of services: see the outages.)"""

import json
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from uuid import UUID

from tests.chaos.backends import Embedded, Sqs
from tests.chaos.circumstances import Circumstances, Ground
from tests.chaos.rig import Rig
from tests.chaos.scenario import Level, scenario
from tests.chaos.waiting import wait_until

MANY = 200
"""Other sessions, at most: refusals end in a dead letter long before."""

PROMISE = "each is a dead letter with its reason; the good ones are decided; no thread ends"


def _rubbish(rig: Rig, count: int) -> list[str]:
    """Messages that can never be served; no two are equal."""
    forms = [
        lambda n, s: f"rubbish {n}",
        lambda n, s: json.dumps([s]),
        lambda n, s: json.dumps({"sessionId": [s]}),
        lambda n, s: json.dumps({"sessionId": s, "policy": "nobody's"}),
        lambda n, s: json.dumps({"sessionId": s, "policy": {"a": n}}),
        lambda n, s: json.dumps({"Type": "Notification", "TopicArn": "arn:x", "Message": {"sessionId": s}, "n": n}),
        lambda n, s: json.dumps({"Type": "Notification", "TopicArn": "arn:x", "Message": None, "n": n}),
        lambda n, s: json.dumps({"detail-type": "x", "source": "y", "detail": f"{s} {n}"}),
        lambda n, s: "[" * 2000 + str(n),
        lambda n, s: f'{{"sessionId": "{s}" "n": {n}}}',
    ]
    return [rig.chance.choice(forms)(n, str(UUID(int=rig.chance.getrandbits(128), version=4))) for n in range(count)]


def _messages(given: Circumstances, ground: Ground) -> str:
    with Rig(given, ground) as rig:
        (watcher,) = rig.start_ready()
        rubbish = _rubbish(rig, given.count(30))
        for begin in range(0, len(rubbish), 10):
            rig.feed(5)
            _put(rig, rubbish[begin : begin + 10])
        wait_until(lambda: _letters(rig) >= len(rubbish), "all rubbish among the dead letters")
        rig.settle()
        assert watcher.livez()[0] == 200
        return f"{len(rubbish)} dead letters, each with its reason; {rig.finish()}"


def _put(rig: Rig, bodies: Sequence[str]) -> None:
    """Straight into the queue: `watcher enqueue` would refuse them."""
    if isinstance(rig.backend, Sqs):
        rig.backend.send(bodies)
        return
    assert isinstance(rig.backend, Embedded)
    with closing(sqlite3.connect(rig.backend.path, timeout=60)) as connection, connection:
        rows = [(time.time(), body) for body in bodies]
        connection.executemany("INSERT INTO queue_messages (sent_at, body) VALUES (?, ?)", rows)


def _letters(rig: Rig) -> int:
    """How many dead letters there are."""
    if isinstance(rig.backend, Sqs):
        return rig.backend.counts(rig.backend.dead_url)
    return len(rig.backend.dead())


@scenario("malformed", "embedded", "messages that can't be served: embedded queue", PROMISE, Level.SAMPLE)
def _embedded(given: Circumstances) -> str:
    return _messages(given, Ground.EMBEDDED)


@scenario("malformed", "sqs", "messages that can't be served: SQS", PROMISE)
def _sqs(given: Circumstances) -> str:
    return _messages(given, Ground.SQS_SQLITE)


@scenario(
    "malformed",
    "rows",
    "rows of the queue's file with times and bodies that are none",
    "they are dead letters or decided; no thread ends, now or after a restart",
    Level.SAMPLE,
)
def _rows(given: Circumstances) -> str:
    """The watcher is stopped meanwhile: all rows are there when it starts."""
    with Rig(given) as rig:
        rig.start_ready()
        rig.stop()
        rig.feed(given.count(20), may_be_dead=True)
        _spoil(rig, ["-inf", "'text'", "x'00ff'", "1e308", "-1e308", "''"])
        (watcher,) = rig.start_ready()
        rig.feed(given.count(10))
        rig.settle()
        assert watcher.livez()[0] == 200
        return rig.finish()


def _spoil(rig: Rig, values: Sequence[str]) -> None:
    assert isinstance(rig.backend, Embedded)
    with closing(sqlite3.connect(rig.backend.path, timeout=60)) as connection, connection:
        for (number,) in connection.execute("SELECT id FROM queue_messages").fetchall():
            value = rig.chance.choice(values).replace("-inf", "-9e999")
            connection.execute(f"UPDATE queue_messages SET sent_at = {value} WHERE id = {number}")  # noqa: S608


@scenario(
    "malformed",
    "replay",
    "sinks refuse decisions (413); dead letters are replayed",
    "the same event; the policy of the message is kept",
    Level.SAMPLE,
)
def _replay(given: Circumstances) -> str:
    return _refused_and_replayed(given, Ground.EMBEDDED)


@scenario(
    "malformed",
    "replay-sqs",
    "the same on SQS, the policy in one of ten attributes",
    "the same event; the policy of the message is kept",
)
def _replay_sqs(given: Circumstances) -> str:
    return _refused_and_replayed(given, Ground.SQS_SQLITE)


def _refused_and_replayed(given: Circumstances, ground: Ground) -> str:
    with Rig(given, ground) as rig:
        rig.start_ready()
        prepared = rig.prepare(given.count(8))
        rig.receiver.refuses = {accepted.session_id for accepted, _ in prepared}
        rig.backend.send([body for _, body in prepared])
        rig.accept([accepted for accepted, _ in prepared])
        # Refusals count only while the sink takes others.
        others = 0
        while _letters(rig) < len(prepared):
            others += 1
            assert others < MANY, f"{_letters(rig)} of {len(prepared)} are dead letters"
            rig.feed(1)
            rig.wait_for_deliveries(others)
        rig.receiver.refuses = set()
        rig.command("dead", "replay", "--all")
        rig.settle()
        return f"{len(prepared)} dead letters replayed, {rig.finish()}"
