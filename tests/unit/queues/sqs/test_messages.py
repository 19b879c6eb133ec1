"""What a message of SQS becomes, whatever it has, and what one is sent as."""

from threading import Event

from tests.support import START
from tests.unit.queues.sqs.fakes import Open, message

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
