import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.support.aws_sinks import AWS, Wire, large_decision, take_all, values
from tests.support import decision, session_id
from watcher.config import SnsSinkSettings
from watcher.domain.errors import SinkError
from watcher.domain.event_result import DELIVERED
from watcher.sinks.aws.sns import SnsSink

Client = Callable[[str], Any]
SinkFor = Callable[[str], SnsSink]
ENTRIES = "PublishBatchRequestEntries"


class Topic:
    """A topic with a queue that hears all of it, or what a filter policy lets through."""

    def __init__(self, client: Client, ending: str = "", policy: dict[str, Any] | None = None) -> None:
        fifo = {"FifoQueue": "true"} if ending else {}
        self._sqs = client("sqs")
        self._url = self._sqs.create_queue(QueueName=f"heard{ending}", Attributes=fifo)["QueueUrl"]
        sns = client("sns")
        topic = {"FifoTopic": "true"} if ending else {}
        self.arn = sns.create_topic(Name=f"decisions{ending}", Attributes=topic)["TopicArn"]
        attributes = {"RawMessageDelivery": "true"} | ({"FilterPolicy": json.dumps(policy)} if policy else {})
        arn = f"arn:aws:sqs:us-east-1:123456789012:heard{ending}"
        sns.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=arn, Attributes=attributes)

    def heard(self) -> list[dict[str, Any]]:
        return take_all(self._sqs, self._url)


@pytest.fixture
def sink_for(moto_server: str) -> Iterator[SinkFor]:
    sinks: list[SnsSink] = []

    def build(arn: str) -> SnsSink:
        sinks.append(SnsSink(SnsSinkSettings(name="out", topic_arn=arn, endpoint_url=moto_server), AWS))
        return sinks[-1]

    yield build
    for sink in sinks:
        sink.close()


def test_an_event_is_a_message_with_attributes(client: Client, sink_for: SinkFor) -> None:
    topic = Topic(client)
    sink_for(topic.arn).emit([decision(1, "not_live", "payout")])
    (message,) = topic.heard()
    assert message["Body"] == decision(1, "not_live", "payout").body
    assert values(message) == {"outcome": "not_live", "reason": "confidence_met", "policy": "payout"}


def test_a_filter_policy_can_choose_by_the_outcome(client: Client, sink_for: SinkFor) -> None:
    topic = Topic(client, policy={"outcome": ["live"]})
    sink_for(topic.arn).emit([decision(1, "live"), decision(2, "not_live"), decision(3, "inconclusive")])
    assert [message["Body"] for message in topic.heard()] == [decision(1, "live").body]


def test_a_fifo_topic_gets_a_group_for_each_session_and_drops_what_it_gets_again(
    client: Client, sink_for: SinkFor, clients: list[Any]
) -> None:
    topic = Topic(client, ".fifo")
    sink = sink_for(topic.arn)
    wire = Wire(clients[-1], "PublishBatch", ENTRIES)
    sink.emit([decision(1)])
    sink.emit([decision(1)])
    assert len(topic.heard()) == 1
    (entry,) = wire.calls[0]
    assert entry["MessageGroupId"] == session_id(1)
    assert len(entry["MessageDeduplicationId"]) == 64
    assert wire.calls[0] == wire.calls[1]


def test_events_are_split_by_number_and_size(client: Client, sink_for: SinkFor, clients: list[Any]) -> None:
    topic = Topic(client)
    sink = sink_for(topic.arn)
    wire = Wire(clients[-1], "PublishBatch", ENTRIES)
    events = [*(decision(number) for number in range(11)), *(large_decision(n, 150 * 1024) for n in (11, 12))]
    sink.emit(events)
    assert [len(call) for call in wire.calls] == [10, 2, 1]
    assert [message["Body"] for message in topic.heard()] == [event.body for event in events]


def test_the_entry_that_failed_is_told_by_its_place(client: Client, sink_for: SinkFor, clients: list[Any]) -> None:
    topic = Topic(client)
    sink = sink_for(topic.arn)
    wire = Wire(clients[-1], "PublishBatch", ENTRIES)
    wire.fail_at = 0
    events = [decision(number) for number in range(3)]
    results = sink.emit(events)
    assert [result == DELIVERED for result in results] == [False, True, True]
    assert "slow down" in results[0].reason
    assert sorted(message["Body"] for message in topic.heard()) == [event.body for event in events[1:]]


def test_a_topic_that_is_not_there_is_told_with_the_fix(sink_for: SinkFor) -> None:
    with pytest.raises(SinkError, match=r"NotFound.*; create it, or fix topic_arn"):
        sink_for("arn:aws:sns:us-east-1:123456789012:nope").emit([decision(1)])


@pytest.mark.parametrize(
    ("code", "message", "fix"),
    [
        ("AuthorizationError", "not authorized", "allow sns:Publish on this topic"),
        ("InvalidParameter", "Invalid parameter: Message too long", "raise the topic's MaximumMessageSize"),
    ],
)
def test_what_the_operator_can_fix_is_told(
    client: Client, sink_for: SinkFor, code: str, message: str, fix: str, clients: list[Any]
) -> None:
    sink = sink_for(Topic(client).arn)

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": message}}, "PublishBatch")

    clients[-1].meta.events.register("before-call.*.PublishBatch", refuse)
    try:
        text = sink.emit([decision(1)])[0].reason
    except SinkError as error:
        text = str(error)
    assert fix in text


def test_the_arns_region_is_the_clients(clients: list[Any]) -> None:
    sink = SnsSink(SnsSinkSettings(topic_arn="arn:aws:sns:eu-west-1:123456789012:x"), AWS)
    assert clients[-1].meta.region_name == "eu-west-1"
    sink.close()
