"""Two messages that give one session different contexts, wherever the second one meets the first."""

import json
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.support import session_id
from tests.unit.delivery.outboxes import decided, event_of, running
from tests.unit.support.builders import a_beat, a_received_message
from tests.unit.support.world import World
from watcher.domain.model import LedgerEntry
from watcher.util.retry import RetryUntilStopped

pytestmark = pytest.mark.usefixtures("no_waiting")

SECRET = {"userId": "victim"}

DIFFERENT = [
    ({"userId": "a"}, SECRET),
    ({"a": 1}, {"a": True}),
    ({"a": 1}, {"a": 1.5}),
    ({"a": [1, 2]}, {"a": [2, 1]}),
    ({"a": None}, {"b": None}),
    ({"ä": "\u00e9"}, {"ä": "e\u0301"}),
    ({"a": "\ud800"}, {"a": "\udfff"}),
    (None, SECRET),
]
EQUAL: list[tuple[dict[str, Any] | None, dict[str, Any] | None]] = [
    (SECRET, SECRET),
    ({"a": 1, "b": {"c": 1, "d": 2}}, {"b": {"d": 2, "c": 1}, "a": 1}),
    (SECRET, None),
    (SECRET, {}),
    (None, {}),
    (None, None),
]


def take_in(world: World, number: int, context: dict[str, Any] | None) -> list[EventDict]:
    """The warnings of a message's receipt."""
    members = {} if context is None else {"context": context}
    delivery = a_received_message(
        json.dumps({"sessionId": session_id(1), **members}), number, receipt=f"receipt-{number}"
    )
    with capture_logs() as logs:
        world.consumer.process([delivery], RetryUntilStopped(Event(), a_beat(world.clock)))
    return [entry for entry in logs if entry["event"] == "context_conflict"]


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_a_message_that_joins_with_another_context_is_told_and_changes_nothing(first: Any, second: Any) -> None:
    world = World()
    assert take_in(world, 1, first) == []
    [told] = take_in(world, 2, second)
    assert (told["log_level"], told["session_id"], told["policy"]) == ("warning", session_id(1), "default")
    assert told["kept"] != told["dropped"]
    assert len(told["kept"]) == len(told["dropped"]) == 12
    assert "victim" not in json.dumps(told)
    due = world.scheduler.take()
    assert due is not None
    assert json.loads(due.session.context) == (first or {})


@pytest.mark.parametrize(("first", "second"), EQUAL)
def test_a_message_that_joins_with_the_same_context_or_none_is_not_told(first: Any, second: Any) -> None:
    world = World()
    assert take_in(world, 1, first) == []
    assert take_in(world, 2, second) == []


def decided_with(world: World, context: dict[str, Any] | None) -> None:
    session = world.session(1)
    event = event_of(world, session)
    body = json.loads(event.body)
    body["data"]["context"] = context or {}
    body["data"]["createdAt"] = "2025-06-15T15:06:40Z"
    world.ledger.entries[session.key] = LedgerEntry(replace(event, body=json.dumps(body)), 1.0, acked_at=2.0)
    world.in_flight.finish(session)


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_a_message_for_a_decided_session_with_another_context_is_told(first: Any, second: Any) -> None:
    world = World()
    decided_with(world, first)
    [told] = take_in(world, 2, second)
    assert told["kept"] != told["dropped"]


@pytest.mark.parametrize(("first", "second"), EQUAL)
def test_a_message_for_a_decided_session_with_the_same_context_or_none_is_not_told(first: Any, second: Any) -> None:
    world = World()
    decided_with(world, first)
    assert take_in(world, 2, second) == []


def test_a_session_that_another_watcher_decided_with_another_context_is_told() -> None:
    world = World()
    decided_with(world, {"userId": "a"})
    session = world.session(1)
    session.context = json.dumps(SECRET).encode()
    with capture_logs() as logs, running(world) as outbox:
        decided(world, session)
        outbox.drain()
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["context_conflict"]


@pytest.mark.parametrize("recorded", ['{"a": NaN}', '{"a": 1e999}', f'{{"a": {"[" * 900}{"]" * 900}}}', "7", "null"])
def test_a_recorded_context_that_can_not_be_read_stops_nothing(recorded: str) -> None:
    world = World()
    decided_with(world, {"mark": 1})
    [(key, entry)] = world.ledger.entries.items()
    body = entry.event.body.replace('{"mark": 1}', recorded)
    assert body != entry.event.body
    world.ledger.entries[key] = replace(entry, event=replace(entry.event, body=body))
    [told] = take_in(world, 2, SECRET)
    assert told["kept"] != told["dropped"]
