"""Which recorded events are handed on."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support import decision, session_id
from watcher.domain.model import DecisionEvent
from watcher.ledgers.reading import DAMAGED, fault_in

EVENT = decision(1, "live", "payout")


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    event = json.loads(EVENT.body)
    change(event)
    return json.dumps(event)


def test_an_event_as_it_was_recorded_is_sound() -> None:
    assert fault_in(EVENT) == ""


@pytest.mark.parametrize(
    "body",
    [
        decision(2, "live", "payout").body,
        decision(1, "live", "default").body,
        changed(lambda event: event.update(id=f"{session_id(2)}:payout")),
        changed(lambda event: event["data"].update(sessionId=session_id(2))),
        changed(lambda event: event["data"].update(policy="default")),
        changed(lambda event: event["data"].update(sessionId=[session_id(1)])),
    ],
)
def test_another_session_s_event_or_another_policy_s_is_not_handed_on(body: str) -> None:
    assert fault_in(DecisionEvent(EVENT.key, body)) == DAMAGED


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{",
        "[" * 100_000,
        json.dumps(json.loads(EVENT.body), indent=1),
        f"\r{EVENT.body}",
        f"{EVENT.body}\n",
        EVENT.body.replace("97.3", "NaN"),
        EVENT.body.replace("97.3", "-Infinity"),
        EVENT.body.replace("97.3", "1e999"),
        EVENT.body.replace("97.3", "[1e999]"),
        EVENT.body.replace("97.3", "9" * 5000),
        f'{EVENT.body[:-1]},"x":"\ud800"}}',
        changed(lambda event: event.pop("time")),
        changed(lambda event: event.pop("data")),
        changed(lambda event: event.update(data=[])),
        changed(lambda event: event.update(time=1.0)),
        changed(lambda event: event["data"].update(outcome=True)),
        changed(lambda event: event["data"].pop("reason")),
    ],
)
def test_a_damaged_event_is_not_handed_on(body: str) -> None:
    assert fault_in(DecisionEvent(EVENT.key, body)) == DAMAGED
