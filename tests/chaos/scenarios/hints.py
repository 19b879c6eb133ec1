"""Completion hints of every kind while watchers come and go: true, false, repeated, late, and of unknown sessions."""

import json
import signal
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from tests.chaos.circumstances import DEFAULT, Circumstances, Ground
from tests.chaos.history import Accepted
from tests.chaos.rig import Rig
from tests.chaos.scenario import Level, Scenario, add

Hints = Sequence[dict[str, Any]]
"""Messages that are sent together."""

PROMISE = "a hint moves polls and nothing else: no session lost, none decided twice; each hint is acked"


def _stop_watchers(ground: Ground, given: Circumstances) -> str:
    """Two watchers, of which one ends at a random moment; whatever came so far is announced, early or late."""
    with Rig(given, ground, ends_after=5.0) as rig:
        running = rig.start_ready(2)
        stops, hints = given.count(6), 0
        for _ in range(stops):
            before = rig.delivered()
            rig.feed(given.count(12))
            hints += _announce(rig, given.count(20))
            rig.wait_for_deliveries(before + 1)
            hints += _announce(rig, given.count(20))
            time.sleep(rig.chance.random() * 2)
            victim = rig.chance.randrange(2)
            if rig.chance.random() < 0.5:
                running[victim].kill()
            else:
                running[victim].wait_for_event("started")
                running[victim].send(signal.SIGTERM)
                running[victim].wait_for_end()
            running[victim] = rig.start()
        rig.settle()
        return f"{stops} ends, {hints} hints, {rig.finish()}"


def _announce(rig: Rig, count: int) -> int:
    """Send so many hints, all at once; each is of any session so far, or noise."""
    known = list(rig.history.accepted.values())
    # S3 can't write into a file: there, hints are completion messages.
    kinds = _completions if rig.ground is Ground.EMBEDDED else _hints_of_all_kinds
    bodies: list[str] = []
    for _ in range(count):
        choices = kinds(rig.chance, rig.chance.choice(known))
        bodies += map(json.dumps, rig.chance.choice(choices))
    rig.backend.send(bodies)
    return len(bodies)


def _completions(_: Random, session: Accepted) -> list[Hints]:
    """One, or the same twice."""
    return [[_completion(session)], [_completion(session)] * 2]


def _hints_of_all_kinds(chance: Random, session: Accepted) -> list[Hints]:
    """Those and notifications in two envelopes, both for one session, and some that concern nobody."""
    stranger = str(UUID(int=chance.getrandbits(128), version=4))
    notification = _notification(session.session_id)
    return [
        *_completions(chance, session),
        [notification],
        [notification, notification, _completion(session)],
        [{"Type": "Notification", "MessageId": stranger, "Message": json.dumps(notification)}],
        [_notification(stranger)],
        [{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "images"}],
    ]


def _completion(session: Accepted) -> dict[str, Any]:
    """As a back end sends it: with all that its request had, for it may come first, or instead of it."""
    policy = {} if session.policy == DEFAULT else {"policy": session.policy}
    created_at = datetime.fromtimestamp(session.created_between[0], UTC).isoformat()
    return {"sessionId": session.session_id, "createdAt": created_at, **policy, "complete": True}


def _notification(session_id: str) -> dict[str, Any]:
    s3 = {"bucket": {"name": "images"}, "object": {"key": f"checks/{session_id}/reference.jpg", "size": 1}}
    return {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}]}


for _ground, _level in (
    (Ground.EMBEDDED, Level.CI),
    (Ground.SQS_SQLITE, Level.CI),
    (Ground.SQS_DYNAMODB, Level.SAMPLE),
):
    add(
        Scenario(
            f"hints-{_ground.name.lower().replace('_', '-')}",
            "hints",
            f"SIGKILL or SIGTERM while hints come, true and false ones: {_ground}",
            PROMISE,
            _level,
            partial(_stop_watchers, _ground),
        )
    )
