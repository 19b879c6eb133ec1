"""Messages with a hint: complete ones, and S3 notifications."""

import json
from threading import Event
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from tests.support import session_id
from tests.unit.support.builders import a_beat, a_received_message, held, live_answer
from tests.unit.support.world import World
from watcher.domain.errors import QueueError
from watcher.domain.model import DecisionEvent, LedgerEntry, SessionKey
from watcher.polling import hints as polling_hints
from watcher.polling.scheduler import Due
from watcher.sessions.in_flight import InFlight
from watcher.util.retry import RetryUntilStopped

pytestmark = pytest.mark.usefixtures("no_waiting")


def receive(world: World, *bodies: object) -> None:
    messages = [
        a_received_message(body if isinstance(body, str) else json.dumps(body), n, receipt=f"r{n}")
        for n, body in enumerate(bodies)
    ]
    world.consumer.process(messages, RetryUntilStopped(Event(), a_beat(world.clock)))


def request(number: int = 1, **members: object) -> dict[str, object]:
    return {"sessionId": session_id(number), **members}


def notification(*numbers: int, prefix: str = "p") -> dict[str, Any]:
    keys = [f"{prefix}/{session_id(number)}/reference.jpg" for number in numbers]
    return {
        "Records": [
            {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"object": {"key": key}}}
            for key in keys
        ]
    }


def hints(world: World, source: str) -> dict[str, float]:
    """The results that were counted for a source."""
    results = ("used", "repeated", "unknown", "late", "invalid")
    found = {one: world.labelled("watcher_hints_total", source=source, result=one) for one in results}
    return {one: number for one, number in found.items() if number}


def due_now(world: World) -> list[str]:
    found = []
    while isinstance(due := world.scheduler.poll_next(world.clock.monotonic()), Due):
        found.append(due.session.session_id)
    return found


def test_a_complete_message_is_a_normal_request_that_is_polled_at_once() -> None:
    world = World()
    receive(world, request(complete=True, policy="default"))
    assert due_now(world) == [session_id(1)]
    assert hints(world, "message") == {"used": 1}
    assert world.labelled("watcher_sessions_received_total") == 1
    world.hint_sharing.exchange(world.hint_log)
    assert world.hint_log.writes == [[session_id(1)]]


def test_a_second_message_that_says_complete_polls_the_session_in_flight() -> None:
    world = World()
    receive(world, request())
    due_now(world)
    session = world.in_flight.of(session_id(1))[0]
    world.scheduler.add(session, world.clock.monotonic() + 100.0)
    assert due_now(world) == []
    receive(world, request(complete=True))
    assert due_now(world) == [session_id(1)]
    assert len(session.leases) == 2


def test_without_it_in_a_later_message_it_stays_said() -> None:
    world = World()
    receive(world, request(complete=True), request(), request(complete=False))
    assert world.in_flight.of(session_id(1))[0].hint is not None
    assert due_now(world) == [session_id(1)]


@pytest.mark.parametrize("value", ["true", 1, 0, [], {}, "yes"])
def test_a_value_that_is_neither_true_nor_false_is_ignored_and_loses_nothing(value: object) -> None:
    world = World()
    with capture_logs() as logs:
        receive(world, request(complete=value))
    assert hints(world, "message") == {"invalid": 1}
    assert [(line["event"], line["log_level"]) for line in logs] == [("hint_ignored", "warning")]
    assert due_now(world) == [session_id(1)]


def test_a_complete_message_for_a_decided_session_is_late() -> None:
    world = World()
    key = SessionKey(session_id(1), "default")
    world.ledger.entries[key] = LedgerEntry(DecisionEvent(key, "{}"), 1.0)
    receive(world, request(complete=True))
    assert hints(world, "message") == {"late": 1}
    assert due_now(world) == []


def test_a_notification_polls_its_session_and_is_acked() -> None:
    world = World()
    receive(world, request())
    due_now(world)
    world.scheduler.add(world.in_flight.of(session_id(1))[0], world.clock.monotonic() + 100.0)
    receive(world, notification(1))
    assert due_now(world) == [session_id(1)]
    assert hints(world, "s3") == {"used": 1}
    assert len(world.queue.acked) == 1
    assert len(held(world.in_flight)) == 1


def test_a_notification_never_starts_a_session() -> None:
    world = World()
    receive(world, notification(1))
    assert len(world.in_flight) == 0
    assert hints(world, "s3") == {"unknown": 1}
    assert len(world.queue.acked) == 1
    world.hint_sharing.exchange(world.hint_log)
    assert world.hint_log.writes == [[session_id(1)]]


def test_a_notification_received_together_with_its_session_is_used() -> None:
    world = World()
    receive(world, notification(1), request())
    assert hints(world, "s3") == {"used": 1}
    assert world.in_flight.of(session_id(1))[0].hint is not None


@pytest.mark.parametrize(
    "body",
    [
        {"Service": "Amazon S3", "Event": "s3:TestEvent"},
        {
            "Records": [
                {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"object": {"key": "x.jpg"}}}
            ]
        },
    ],
)
def test_a_test_event_and_other_objects_are_acked_counted_and_never_dead_lettered(body: object) -> None:
    world = World()
    receive(world, body)
    world.dead_letter()
    assert hints(world, "s3") == {"invalid": 1}
    assert len(world.queue.acked) == 1
    assert world.queue.dead_letters == []


def test_notifications_are_used_even_if_they_cannot_be_acked() -> None:
    world = World()
    world.calls.fail("ack", QueueError("down"))
    with capture_logs() as logs:
        receive(world, request(), notification(1))
    assert hints(world, "s3") == {"used": 1}
    assert "spare_messages_not_acked" in [line["event"] for line in logs]


def test_a_tenant_s_id_in_the_prefix_hides_no_session() -> None:
    world = World(live_answer())
    receive(world, request(1), notification(1, prefix=session_id(99)))
    assert hints(world, "s3") == {"used": 1}
    assert due_now(world) == [session_id(1)]
    receive(world, notification(2, prefix=session_id(99)))
    assert hints(world, "s3") == {"used": 1, "unknown": 1}
    receive(world, request(2))
    assert due_now(world) == [session_id(2)]
    world.hint_sharing.exchange(world.hint_log)
    assert world.hint_log.writes == [[session_id(99), session_id(2)]]


def test_of_two_sessions_in_a_key_the_one_in_flight_is_polled() -> None:
    world = World(live_answer())
    receive(world, request(1))
    due = world.scheduler.poll_next(world.clock.monotonic())
    assert isinstance(due, Due)
    world.poller.poll_once(due)
    receive(world, request(2), notification(2, prefix=session_id(1)))
    assert hints(world, "s3") == {"used": 1}
    assert due_now(world) == [session_id(2)]
    receive(world, notification(3, prefix=session_id(1)))
    assert hints(world, "s3") == {"used": 1, "late": 1}


@pytest.mark.parametrize(
    ("body", "source", "result"),
    [
        (request(complete=True), "message", "used"),
        (request(complete="yes"), "message", "invalid"),
        (notification(1), "s3", "unknown"),
        ({"Service": "Amazon S3", "Event": "s3:TestEvent"}, "s3", "invalid"),
    ],
)
def test_each_hint_is_logged_for_those_who_look_for_it(
    body: object, source: str, result: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    structlog.reset_defaults()  # another test's settings would stay in a logger that has been used
    monkeypatch.setattr(polling_hints, "log", structlog.get_logger())
    with caplog.at_level("DEBUG", logger=polling_hints.__name__), capture_logs() as logs:
        receive(world, body)
    [line] = [line for line in logs if line["event"] == "hint_received"]
    assert (line["source"], line["result"], line["log_level"]) == (source, result, "debug")


def test_several_images_of_a_session_move_one_poll() -> None:
    world = World(live_answer())
    receive(world, request(), notification(1, 1, 1), notification(1))
    assert hints(world, "s3") == {"used": 1, "repeated": 1}


def test_a_sender_who_repeats_a_completion_message_fills_no_room() -> None:
    world = World(limit=10)
    receive(world, request(), *[request(complete=True)] * 100)
    assert world.in_flight.wait_for_room(0) == 10 - InFlight.LEASES_HELD
    [session] = world.in_flight.of(session_id(1))
    assert held(world.in_flight) == session.leases
    assert len(world.queue.acked) == 101 - InFlight.LEASES_HELD
    assert not set(session.leases) & set(world.queue.acked)
    assert due_now(world) == [session_id(1)]
