"""What a message of SQS becomes, whatever it has, and what one is sent as."""

import json
from threading import Event
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support import START
from tests.unit.queues.sqs.fakes import Open, message
from watcher.aws.errors import UnreadableResponse
from watcher.domain.errors import QueueError
from watcher.domain.limits import MAX_MESSAGE_BYTES
from watcher.queues.sqs.messages import (
    batches,
    check_bodies,
    entry,
    in_order,
    milliseconds,
    received_message,
    received_messages,
    seconds,
    whole_number,
)

NEVER = Event()


def test_a_message_without_a_sent_time_counts_from_now(opened: Open) -> None:
    queue, _ = opened(receive_message=[{"Messages": [message(1, Attributes={})]}])
    (delivery,) = queue.receive(1, 0, NEVER)
    assert (delivery.sent_at, delivery.lease.receive_count) == (START, 1)


def test_what_an_attribute_says_of_the_sent_time_stands_beside_the_queue_s_own(opened: Open) -> None:
    early = {"watcher.sentAt": {"DataType": "String", "StringValue": "1749999999000"}}
    late = {"watcher.sentAt": {"DataType": "String", "StringValue": "1850000000000"}}
    messages = [message(1, MessageAttributes=early), message(2, MessageAttributes=late), message(3)]
    queue, _ = opened(receive_message=[{"Messages": messages}])
    deliveries = queue.receive(3, 0, NEVER)
    assert [delivery.sent_at for delivery in deliveries] == [1_750_000_000.0] * 3
    assert [delivery.first_sent_at for delivery in deliveries] == [1_749_999_999.0, 1_850_000_000.0, None]
    assert {delivery.sent_monotonic for delivery in deliveries} == {deliveries[2].sent_monotonic}
    assert [dict(delivery.attributes) for delivery in deliveries] == [{}, {}, {}]


@pytest.mark.parametrize(
    "odd",
    [
        None,
        7,
        {},
        {"MessageId": "m1"},
        {"MessageId": "", "ReceiptHandle": "r1"},
        {"MessageId": ["m1"], "ReceiptHandle": "r1"},
        {"MessageId": "m1", "ReceiptHandle": "r\n1"},
    ],
    ids=str,
)
def test_a_message_that_can_not_be_named_is_left_to_the_redrive_policy_and_takes_no_other_with_it(
    odd: object,
) -> None:
    with capture_logs() as logs:
        assert received_messages({"Messages": [odd, message(1)]}) == [message(1)]
    assert [(line["event"], line["messages"]) for line in logs] == [("messages_without_receipt", 1)]


def test_an_answer_without_messages_is_an_empty_queue_and_one_with_anything_else_is_none() -> None:
    assert received_messages({}) == received_messages({"Messages": None}) == []
    with pytest.raises(UnreadableResponse):
        received_messages({"Messages": {"MessageId": "m1"}})


def test_an_answer_with_no_message_that_can_be_named_is_not_an_empty_queue(opened: Open) -> None:
    queue, _ = opened(receive_message=[{"Messages": [{"Body": "a"}] * 10}])
    with pytest.raises(QueueError, match="no message with an id and a receipt; check queue"):
        queue.receive(10, 0, NEVER)


@pytest.mark.parametrize(
    ("odd", "body", "is_readable"),
    [
        ({"Attributes": "x"}, "a", False),
        ({"Attributes": ["SentTimestamp"]}, "a", False),
        ({"MessageAttributes": 7}, "a", False),
        ({"MessageAttributes": {"policy": "payout"}}, "a", False),
        ({"MessageAttributes": {"policy": {"StringValue": 7}}}, "a", False),
        ({"Attributes": {"SentTimestamp": "soon", "ApproximateReceiveCount": []}}, "a", True),
        ({"Body": {"sessionId": "s-1"}}, '{"sessionId": "s-1"}', True),
        ({"Body": None}, "", True),
    ],
)
def test_whatever_else_a_message_has_it_is_received_if_need_be_as_one_with_a_fault(
    odd: dict[str, Any], body: str, *, is_readable: bool
) -> None:
    found = received_message({**message(1), **odd}, START, 0.0)
    assert (found.lease.receipt, found.lease.message_id, found.body, found.sent_at) == ("r1", "m1", body, START)
    fault = "" if is_readable else "the queue's answer for this message is unreadable"
    assert found.fault.partition(":")[0] == fault


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("1750000000123", 1_750_000_000.123),
        (0, 0.0),
        ("253402300799000", 253402300799.0),
        ("253402300800000", 5.0),
        ("-1", 5.0),
        ("soon", 5.0),
        (None, 5.0),
        ("\u0663", 5.0),
        ("9" * 16, 5.0),
        (1.5, 5.0),
    ],
)
def test_a_time_of_sqs_is_epoch_seconds_up_to_the_year_9999(given: object, found: float) -> None:
    assert seconds(given, 5.0) == found


def test_a_time_and_a_count_come_back_as_they_were_written() -> None:
    assert seconds(milliseconds(1_750_000_000.123), 0.0) == 1_750_000_000.123
    assert (whole_number("7", 1), whole_number("many", 1)) == (7, 1)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "message 2 is empty"),
        ("a\x00", "message 2 has the character '\\x00'"),
        ("a\ud800", "message 2 is not valid text"),
        ("\ufffe", "message 2 has the character"),
        ("ü" * (MAX_MESSAGE_BYTES // 2) + "a", f"message 2 has {MAX_MESSAGE_BYTES + 1} bytes"),
    ],
    ids=["empty", "NUL", "a lone surrogate", "no character", "too long"],
)
def test_what_sqs_would_reject_is_told_with_its_position(body: str, problem: str) -> None:
    check_bodies(["fine\n", "ü" * (MAX_MESSAGE_BYTES // 2)])
    with pytest.raises(QueueError) as caught:
        check_bodies(["fine", body])
    assert str(caught.value).startswith(problem)


def test_a_run_has_as_many_messages_and_bytes_as_sqs_takes() -> None:
    half, small = {"MessageBody": "x" * (MAX_MESSAGE_BYTES // 2)}, {"MessageBody": "x"}
    tagged = {**half, "MessageAttributes": entry("", is_fifo=False, attributes={"policy": "a"})["MessageAttributes"]}
    assert list(batches([half, half, small], 10)) == [[half, half], [small]]
    assert list(batches([half, tagged], 10)) == [[half], [tagged]]
    assert [len(run) for run in batches([small] * 25, 10)] == [10, 10, 5]
    assert list(batches([], 10)) == []


@pytest.mark.parametrize(
    ("missing", "words"),
    [({0, 2}, "1, 3"), (set(), ""), (set(range(12)), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more")],
)
def test_what_was_not_sent_is_told_by_its_positions(missing: set[int], words: str) -> None:
    assert in_order(lambda index: index not in missing, 12) == words


@pytest.mark.parametrize(
    ("body", "group"),
    [
        ("s-1", "s-1"),
        (" s-1\n", "s-1"),
        (json.dumps({"sessionId": "s-1", "policy": "a"}), "s-1"),
        (json.dumps({"sessionId": 7}), "7"),
        ("x" * 128, "x" * 128),
    ],
)
def test_the_messages_of_a_session_are_one_group_of_a_fifo_queue(body: str, group: str) -> None:
    assert entry(body, is_fifo=True)["MessageGroupId"] == group
    assert entry(body, is_fifo=True, deduplication_id="d")["MessageDeduplicationId"] == "d"
    assert entry(body, is_fifo=False) == {"MessageBody": body}


@pytest.mark.parametrize(
    "body", ["x" * 129, "two words", "{}", '["s-1"]', "\ud800", "[" * 100_000, "ü"], ids=range(7)
)
def test_a_body_without_a_usable_id_is_a_group_of_its_own(body: str) -> None:
    group = entry(body, is_fifo=True)["MessageGroupId"]
    assert len(group) <= 128
    assert group.isascii()
    assert group.isprintable()
    assert group == entry(body, is_fifo=True)["MessageGroupId"] != entry(f"{body}.", is_fifo=True)["MessageGroupId"]
