import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support import START, ManualClock
from tests.unit.queues.sqs.fakes import (
    URL,
    Answer,
    FakeClient,
    a_queue,
    failing,
    message,
    received,
    service_error,
    take,
)
from watcher.domain.errors import PartialExtendError, QueueError
from watcher.domain.model import DeadReason, Lease, ReceivedMessage
from watcher.queues.sqs import batches as sqs_batches
from watcher.queues.sqs.constants import BATCHING
from watcher.queues.sqs.held_leases import HeldLeases
from watcher.queues.sqs.queue import SqsQueue

NEVER = Event()
ATTEMPTS = BATCHING.attempts
EXTEND, DELETE, SEND = "change_message_visibility_batch", "delete_message_batch", "send_message_batch"

Open = Callable[..., tuple[SqsQueue, FakeClient]]


@pytest.fixture(autouse=True)
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqs_batches, "BATCHING", replace(BATCHING, first_backoff=0.0))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def opened(clock: ManualClock) -> Iterator[Open]:
    """Opens a queue whose client answers as scripted, with 60 s leases and, if asked, dead letters."""
    with ExitStack() as stack:

        def open_queue(*arguments: Any, **script: Any) -> tuple[SqsQueue, FakeClient]:
            queue, client = a_queue(clock, *arguments, **script)
            return stack.enter_context(closing(queue)), client

        yield open_queue


def test_a_receive_asks_for_times_counts_and_attributes_under_its_own_lease(opened: Open) -> None:
    attributes = {"policy": {"DataType": "String", "StringValue": "payout"}, "blob": {"BinaryValue": b"x"}}
    queue, client = opened(receive_message=[{"Messages": [message(1, MessageAttributes=attributes)]}])
    assert queue.receive(3, 0, NEVER) == [
        ReceivedMessage(Lease("r1", "m1", 1), "a", 1_750_000_000.0, {"policy": "payout", "blob": b"x"}),
    ]
    (asked,) = client.of("receive_message")
    assert (asked["MaxNumberOfMessages"], asked["VisibilityTimeout"], asked["WaitTimeSeconds"]) == (3, 60, 0)
    assert {"SentTimestamp", "ApproximateReceiveCount"} <= set(asked["MessageSystemAttributeNames"])
    assert asked["MessageAttributeNames"] == ["All"]


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


def test_no_more_than_ten_are_asked_for(opened: Open) -> None:
    queue, client = opened(receive_message=[{}])
    assert queue.receive(5000, 0, NEVER) == []
    assert client.of("receive_message")[0]["MaxNumberOfMessages"] == 10


def test_leases_are_extended_in_batches_of_ten(opened: Open) -> None:
    queue, client = opened(receive_message=[received(*range(n, n + 10)) for n in (0, 10, 20)])
    leases = [lease for _ in range(3) for lease in take(queue)][:25]
    assert queue.extend(leases) == []
    assert sorted(map(len, client.entries(EXTEND))) == [5, 10, 10]
    assert sorted(r for call in client.entries(EXTEND) for r in call) == sorted(lease.receipt for lease in leases)
    assert {entry["VisibilityTimeout"] for call in client.of(EXTEND) for entry in call["Entries"]} == {60}


@pytest.mark.parametrize(("visibility", "seconds"), [(20, 5.0), (60, 15.0), (80, 20.0), (43_200, 20.0)])
def test_the_tries_of_an_extension_end_in_time_for_the_next_one(
    opened: Open, clock: ManualClock, visibility: float, seconds: float
) -> None:
    tries: list[float] = []

    def slow(parameters: dict[str, Any]) -> dict[str, Any]:
        tries.append(clock.monotonic())
        clock.advance(seconds - 0.5 if len(tries) == 1 else 1.0)
        return failing("InternalError", "r1")(parameters)

    queue, _ = opened(
        visibility=visibility, receive_message=[received(1)], change_message_visibility_batch=[slow] * 5
    )
    (lease,) = take(queue)
    begun = clock.monotonic()
    with pytest.raises(PartialExtendError) as raised:
        queue.extend([lease])
    assert list(raised.value.remaining) == [lease]
    assert tries == [begun, begun + seconds - 0.5], "the third would begin after the time was over"


def test_a_failed_entry_is_tried_again_alone(opened: Open) -> None:
    queue, client = opened(
        receive_message=[received(1, 2, 3)],
        change_message_visibility_batch=[failing("InternalError", "r2"), failing("RequestThrottled", "r2")],
    )
    assert queue.extend(take(queue)) == []
    assert client.entries(EXTEND) == [["r1", "r2", "r3"], ["r2"], ["r2"]]


def test_a_throttled_call_is_tried_again_whole(opened: Open) -> None:
    queue, client = opened(
        receive_message=[received(1, 2)], change_message_visibility_batch=[service_error("RequestThrottled", 403)]
    )
    assert queue.extend(take(queue)) == []
    assert client.entries(EXTEND) == [["r1", "r2"], ["r1", "r2"]]


@pytest.mark.parametrize("code", ["ReceiptHandleIsInvalid", "AWS.SimpleQueueService.MessageNotInflight"])
def test_a_receipt_that_is_not_valid_any_more_is_a_lost_lease(opened: Open, code: str) -> None:
    queue, client = opened(
        receive_message=[received(1, 2)],
        change_message_visibility_batch=[failing(code, "r1", sender_fault=True)],
    )
    leases = take(queue)
    assert queue.extend(leases) == leases[:1]
    assert client.entries(EXTEND) == [["r1", "r2"]]
    assert queue.ack(leases) == leases[:1]
    assert client.entries(DELETE) == [["r2"]]


def test_a_batch_refused_whole_for_one_receipt_is_tried_entry_by_entry(opened: Open) -> None:
    def refuse_r1(parameters: dict[str, Any]) -> dict[str, Any]:
        if any(entry["ReceiptHandle"] == "r1" for entry in parameters["Entries"]):
            raise service_error("ReceiptHandleIsInvalid")
        return {"Successful": [{"Id": entry["Id"]} for entry in parameters["Entries"]]}

    queue, _ = opened(receive_message=[received(1, 2)], change_message_visibility_batch=[refuse_r1] * 3)
    leases = take(queue)
    assert queue.extend(leases) == leases[:1]


def test_an_answer_that_is_silent_about_an_entry_is_not_taken_for_success(opened: Open) -> None:
    queue, client = opened(
        receive_message=[received(1, 2)], change_message_visibility_batch=[{"Successful": [{"Id": "0"}]}]
    )
    assert queue.extend(take(queue)) == []
    assert client.entries(EXTEND) == [["r1", "r2"], ["r2"]]


def test_what_could_not_be_extended_is_an_error_that_tells_the_lost_ones(opened: Open) -> None:
    def answer(parameters: dict[str, Any]) -> dict[str, Any]:
        found = failing("InternalError", "r2")(parameters)
        lost = failing("ReceiptHandleIsInvalid", "r1", sender_fault=True)(parameters)
        return {
            "Failed": found["Failed"] + lost["Failed"],
            "Successful": [e for e in found["Successful"] if e in lost["Successful"]],
        }

    queue, _ = opened(receive_message=[received(1, 2, 3)], change_message_visibility_batch=[answer] * ATTEMPTS)
    leases = take(queue)
    with pytest.raises(PartialExtendError, match="1 of 3 leases were not extended") as caught:
        queue.extend(leases)
    assert (caught.value.remaining, caught.value.lost) == (leases[1:2], leases[:1])
    assert queue.extend(leases) == leases[:1]


def test_a_lease_that_was_not_extended_in_time_is_lost_by_the_clock(opened: Open, clock: ManualClock) -> None:
    queue, client = opened(receive_message=[received(1), received(2)])
    first = take(queue)
    clock.advance(40)
    second = take(queue)
    clock.advance(20)
    assert queue.extend([*first, *second]) == first
    assert client.entries(EXTEND) == [["r2"]]
    clock.advance(59)
    assert queue.ack(second) == []


def test_a_lost_lease_is_never_deleted(opened: Open, clock: ManualClock) -> None:
    queue, client = opened(receive_message=[received(1)])
    leases = take(queue)
    clock.advance(60)
    assert queue.ack(leases) == leases
    assert client.of(DELETE) == []


def test_the_next_lease_to_run_out_is_extended_first(opened: Open, clock: ManualClock) -> None:
    queue, client = opened(receive_message=[received(1), received(2)])
    old = take(queue)
    clock.advance(10)
    assert queue.extend([*take(queue), *old]) == []
    assert client.entries(EXTEND) == [["r1", "r2"]]


def test_acks_that_worked_are_not_forgotten_when_others_failed(opened: Open) -> None:
    queue, client = opened(
        receive_message=[received(1, 2)], delete_message_batch=[failing("InternalError", "r2")] * ATTEMPTS
    )
    leases = take(queue)
    with pytest.raises(QueueError, match="1 of 2 messages were not deleted"):
        queue.ack(leases)
    assert queue.ack(leases) == []
    assert client.entries(DELETE)[-1] == ["r2"]
    assert queue.ack(leases) == leases


def test_a_message_is_acked_once_however_often_it_is_named(opened: Open) -> None:
    queue, client = opened(receive_message=[received(1)])
    (lease,) = take(queue)
    assert queue.ack([lease, lease]) == []
    assert client.entries(DELETE) == [["r1"]]


def test_release_gives_back_in_the_order_asked_for(opened: Open, clock: ManualClock) -> None:
    queue, client = opened(receive_message=[received(1), received(2, 3)])
    leases = take(queue)
    clock.advance(1)
    leases += take(queue)
    queue.release([leases[2], leases[0], leases[1]])
    assert client.entries(EXTEND) == [["r3", "r1", "r2"]]
    assert client.entries(EXTEND, "VisibilityTimeout") == [[0, 0, 0]]
    assert queue.extend(leases) == leases


def test_long_polls_are_a_few_seconds_and_whole_seconds_only(opened: Open) -> None:
    queue, client = opened(receive_message=[received(1), received(2)])
    assert len(queue.receive(1, 20, Event())) == 1
    assert len(queue.receive(1, 0.3, Event())) == 1
    assert [call["WaitTimeSeconds"] for call in client.of("receive_message")] == [2, 1]


def test_a_failing_poll_is_an_error_of_the_queue(opened: Open) -> None:
    queue, _ = opened(receive_message=[service_error("AccessDeniedException")])
    with pytest.raises(QueueError, match="sqs:ReceiveMessage"):
        queue.receive(1, 20, Event())


class Waits(Event):
    """Notes how long it was waited for, and returns at once."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.seconds.append(timeout)
        return self.is_set()


@pytest.mark.parametrize(
    ("count", "seconds", "pauses"),
    [
        (5, 0.1, [pytest.approx(0.08)]),
        (2, 0.5, [0.5]),
        (10, 0.1, []),
        (1, 0.6, []),
    ],
    ids=["half a batch", "a slow stream", "a full batch", "next to nothing"],
)
def test_messages_of_a_steady_stream_may_gather_before_the_next_receive(
    opened: Open, clock: ManualClock, count: int, seconds: float, pauses: list[float]
) -> None:
    def later(_parameters: dict[str, Any]) -> dict[str, Any]:
        clock.advance(seconds)
        return received(*range(count))

    queue, _ = opened(receive_message=[later, received(99)])
    stop = Waits()
    for _ in range(2):
        assert queue.receive(10, 20, stop)
    assert stop.seconds == pauses


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


def test_depth_counts_delayed_messages_as_waiting(opened: Open) -> None:
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed")
    counts = dict.fromkeys(names, "3") | {"ApproximateNumberOfMessagesNotVisible": "5"}
    dead = FakeClient(get_queue_attributes=[{"Attributes": {names[0]: "6", names[1]: "1"}}])
    queue, _ = opened(dead=dead, get_queue_attributes=[{"Attributes": counts}])
    depth = queue.depth()
    assert (depth.visible, depth.leased, depth.dead, depth.oldest_age) == (6, 5, 7, None)


@pytest.mark.parametrize(
    "attributes", [{}, {"ApproximateNumberOfMessages": "0"}, {"ApproximateNumberOfMessages": "x"}]
)
def test_a_queue_whose_depth_is_not_told_does_not_look_empty(opened: Open, attributes: dict[str, str]) -> None:
    queue, _ = opened(get_queue_attributes=[{"Attributes": attributes}])
    with pytest.raises(QueueError, match=r"the answer has no ApproximateNumber.*queue\.endpoint_url"):
        queue.depth()


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


def test_a_poll_is_shorter_when_leases_are(opened: Open) -> None:
    queue, client = opened(visibility=19, receive_message=[received(1)])
    queue.receive(1, 20, Event())
    assert client.of("receive_message")[0]["WaitTimeSeconds"] == 1


def test_a_lost_lease_is_not_dead_lettered(opened: Open, clock: ManualClock) -> None:
    dead = FakeClient()
    queue, _ = opened(dead=dead, receive_message=[received(1)])
    (delivery,) = queue.receive(1, 0, NEVER)
    clock.advance(60)
    assert queue.dead_letter(delivery, DeadReason.INVALID_MESSAGE, "why") is None
    assert dead.calls == []


def test_a_lease_that_is_acked_while_it_is_extended_is_not_held_again(clock: ManualClock) -> None:
    held, lease = HeldLeases(clock, 60), Lease("r1", "m1")
    held.take([lease], clock.monotonic())
    held.drop([lease])
    held.renew([lease], clock.monotonic())
    assert held.sort_out([lease]) == ([], [lease])


def test_five_thousand_leases_are_extended_by_many_calls_at_once(opened: Open) -> None:
    """With half a second a call, 500 calls have to overlap to be done within a beat of twenty seconds."""
    together = threading.Barrier(BATCHING.workers, timeout=30)

    def meets(parameters: dict[str, Any]) -> dict[str, Any]:
        together.wait()
        return {"Successful": [{"Id": entry["Id"]} for entry in parameters["Entries"]]}

    receives: list[Answer] = [received(*range(n, n + 10)) for n in range(0, BATCHING.workers * 10, 10)]
    queue, client = opened(receive_message=receives, change_message_visibility_batch=[meets] * len(receives))
    leases = [lease for _ in receives for lease in take(queue)]
    assert queue.extend(leases) == []
    assert len(client.of(EXTEND)) == len(receives)
    assert 500 / BATCHING.workers * 0.5 < 10
