from threading import Event
from typing import Any

import pytest

from tests.support import ManualClock, SteppingEvent
from tests.unit.queues.sqs.fakes import FakeClient, Open, message, received, service_error
from watcher.domain.errors import QueueError
from watcher.domain.model import Lease, ReceivedMessage
from watcher.queues.sqs.constants import BATCHING

NEVER = Event()
ATTEMPTS = BATCHING.attempts


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


def test_no_more_than_ten_are_asked_for(opened: Open) -> None:
    queue, client = opened(receive_message=[{}])
    assert queue.receive(5000, 0, NEVER) == []
    assert client.of("receive_message")[0]["MaxNumberOfMessages"] == 10


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


def test_a_server_that_does_not_wait_for_messages_is_not_asked_all_the_time(opened: Open, clock: ManualClock) -> None:
    def at_once(_parameters: dict[str, Any]) -> dict[str, Any]:
        clock.advance(0.001)
        return {}

    queue, client = opened(receive_message=[at_once] * 10_000)
    for _ in range(2):
        assert queue.receive(10, 6, SteppingEvent(clock)) == []
    assert len(client.calls) == 24


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


def test_a_poll_is_shorter_when_leases_are(opened: Open) -> None:
    queue, client = opened(visibility=19, receive_message=[received(1)])
    queue.receive(1, 20, Event())
    assert client.of("receive_message")[0]["WaitTimeSeconds"] == 1
