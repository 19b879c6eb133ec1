"""Sending many messages: batches, order, and what was not sent."""

from contextlib import closing

import pytest

from tests.support import ManualClock
from tests.unit.queues.sqs.fakes import SEND, URL, FakeClient, Open, failing, service_error
from watcher.domain.errors import QueueError
from watcher.queues.sqs.batches import BatchCaller
from watcher.queues.sqs.client import SqsCaller
from watcher.queues.sqs.constants import BATCHING
from watcher.queues.sqs.send import send_entries

ATTEMPTS = BATCHING.attempts


def test_messages_are_sent_in_batches_of_ten_and_256_kib(opened: Open) -> None:
    queue, client = opened()
    queue.send(["x" * 100_000, "y" * 100_000, "z" * 100_000, *"0123456789"])
    assert sorted(map(len, client.entries(SEND, "MessageBody"))) == [1, 2, 10]


def test_a_failed_send_names_what_was_not_sent(opened: Open) -> None:
    queue, _ = opened(send_message_batch=[failing("InternalError", "b")] * ATTEMPTS)
    with pytest.raises(QueueError, match=r"2 of 3 messages were sent, not sent: 2$"):
        queue.send(["a", "b", "c"])


@pytest.mark.parametrize(("body", "problem"), [("", "message 1 is empty"), ("a\x00", "message 1 has the character")])
def test_what_sqs_would_refuse_is_not_sent(opened: Open, body: str, problem: str) -> None:
    queue, client = opened()
    with pytest.raises(QueueError, match=problem):
        queue.send([body, "fine"])
    assert client.calls == []


def test_a_fifo_queue_gets_the_session_as_group_and_a_deduplication_id_for_each_entry(opened: Open) -> None:
    queue, client = opened(url=f"{URL}.fifo", send_message_batch=[failing("InternalError", "s1")])
    queue.send(["s1", '{"sessionId": "s2"}', "s1", "no id at all, and some spaces"])
    groups = client.entries(SEND, "MessageGroupId")[0]
    assert groups[:3] == ["s1", "s2", "s1"]
    assert len(groups[3]) == 64
    first, again = client.entries(SEND, "MessageDeduplicationId")
    assert len(set(first)) == 4
    assert again == [first[0], first[2]]


def test_a_fifo_queue_is_sent_to_in_order(opened: Open) -> None:
    queue, client = opened(url=f"{URL}.fifo")
    bodies = [str(n) for n in range(95)]
    queue.send(bodies)
    assert [body for call in client.entries(SEND, "MessageBody") for body in call] == bodies


def test_what_failed_in_a_fifo_queue_is_overtaken_by_nothing(opened: Open) -> None:
    queue, client = opened(url=f"{URL}.fifo", send_message_batch=[service_error("AccessDenied")])
    with pytest.raises(QueueError, match=r"0 of 25 messages were sent, not sent: 1, 2, .* and 15 more$"):
        queue.send([str(n) for n in range(25)])
    assert len(client.of(SEND)) == 1


SECRET_URL = "https://svc:s3cr3t@sqs.proxy.example:8443/1/q?token=s3cr3t"
SHOWN_URL = "https://sqs.proxy.example:8443/1/q"


def test_messages_that_are_not_tried_are_told_without_what_the_queues_url_keeps_secret() -> None:
    runner = BatchCaller(ManualClock())
    with closing(runner):
        client = FakeClient(send_message_batch=[failing("Odd", "a", sender_fault=True)])
        caller = SqsCaller(client, f"{SECRET_URL.partition('?')[0]}.fifo")
        faults = send_entries(caller, runner, [{"MessageBody": "a"}] * 20)
    assert {str(fault).partition(": ")[0] for fault in faults} == {f"{SHOWN_URL}.fifo"}
    assert str(faults[-1]).endswith(": not tried")
