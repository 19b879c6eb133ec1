"""Dead letters of an SQS queue: sent once with their reason, then deleted."""

from threading import Event

import pytest
from structlog.testing import capture_logs

from tests.support import ManualClock
from tests.unit.queues.sqs.fakes import DELETE, SEND, FakeClient, Open, received, service_error
from watcher.domain.errors import QueueError
from watcher.domain.model import DeadReason
from watcher.queues.sqs.constants import BATCHING

NEVER = Event()
ATTEMPTS = BATCHING.attempts


def test_a_dead_lettered_message_is_sent_with_its_reason_and_then_deleted(opened: Open) -> None:
    dead = FakeClient()
    queue, client = opened(dead=dead, receive_message=[received(1)])
    (delivery,) = queue.receive(1, 0, NEVER)
    assert queue.dead_letter(delivery, DeadReason.UNKNOWN_POLICY, "no policy 'x\x00'") == "m1"
    ((letter,),) = [call["Entries"] for call in dead.of(SEND)]
    values = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert letter["MessageBody"] == "a"
    assert values == {
        "reason": "unknown_policy",
        "detail": "no policy 'x\ufffd'",
        "watcher.sentAt": "1750000000000",
        "watcher.messageId": "m1",
        "watcher.receiveCount": "1",
    }
    assert client.entries(DELETE) == [["r1"]]


def test_a_message_whose_deletion_fails_is_not_dead_lettered_twice(opened: Open) -> None:
    dead = FakeClient()
    queue, client = opened(
        dead=dead,
        receive_message=[received(1)],
        delete_message_batch=[service_error("InternalError", 500)] * ATTEMPTS,
    )
    (delivery,) = queue.receive(1, 0, NEVER)
    with pytest.raises(QueueError):
        queue.dead_letter(delivery, DeadReason.INVALID_MESSAGE, "why")
    queue.dead_letter(delivery, DeadReason.INVALID_MESSAGE, "why")
    assert len(dead.of(SEND)) == 1
    assert len(client.of(DELETE)) == ATTEMPTS + 1


def test_a_message_that_could_not_be_sent_to_the_dead_letters_stays(opened: Open) -> None:
    dead = FakeClient(send_message_batch=[service_error("AccessDenied")])
    queue, client = opened(dead=dead, receive_message=[received(1)])
    (delivery,) = queue.receive(1, 0, NEVER)
    with pytest.raises(QueueError, match="sqs:SendMessage"):
        queue.dead_letter(delivery, DeadReason.INVALID_MESSAGE, "why")
    assert client.of(DELETE) == []


def test_what_the_dead_letters_can_never_take_is_left_to_the_redrive_policy(opened: Open) -> None:
    dead = FakeClient(send_message_batch=[service_error("BatchRequestTooLong")])
    queue, client = opened(dead=dead, receive_message=[received(1)])
    (delivery,) = queue.receive(1, 0, NEVER)
    with capture_logs() as lines:
        assert queue.dead_letter(delivery, DeadReason.TOO_LARGE, "why") is None
    assert [(line["event"], line["reason"], line["detail"]) for line in lines] == [
        ("dead_letter_failed", "too_large", "why")
    ]
    assert [name for name, _ in client.calls] == ["receive_message"]
    assert queue.extend([delivery.lease]) == [delivery.lease]


def test_without_dead_letters_a_dead_lettered_message_keeps_its_lease_until_that_runs_out(opened: Open) -> None:
    queue, client = opened(receive_message=[received(1)])
    (delivery,) = queue.receive(1, 0, NEVER)
    with capture_logs() as lines:
        assert queue.dead_letter(delivery, DeadReason.INVALID_MESSAGE, "why") is None
    assert [name for name, _ in client.calls] == ["receive_message"]
    [line] = lines
    assert (line["event"], line["message_id"], line["receive_count"]) == (
        "dead_letter_queue_missing",
        delivery.lease.message_id,
        1,
    )
    assert (line["reason"], line["detail"]) == ("invalid_message", "why")
    assert "set queue.dead_letter_url" in line["consequence"]


def test_a_lost_lease_is_not_dead_lettered(opened: Open, clock: ManualClock) -> None:
    dead = FakeClient()
    queue, _ = opened(dead=dead, receive_message=[received(1)])
    (delivery,) = queue.receive(1, 0, NEVER)
    clock.advance(60)
    assert queue.dead_letter(delivery, DeadReason.INVALID_MESSAGE, "why") is None
    assert dead.calls == []
