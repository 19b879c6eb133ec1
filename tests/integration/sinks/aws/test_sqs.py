import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.support.aws_sinks import AWS, Wire, large_decision, take_all, values
from tests.support import decision, session_id
from watcher.config import SqsSinkSettings
from watcher.domain.errors import ConfigError, SinkError
from watcher.domain.event_result import DELIVERED, EventStatus
from watcher.sinks.aws.sqs import SqsSink

Client = Callable[[str], Any]


@pytest.fixture
def sqs(client: Client) -> Any:
    return client("sqs")


@pytest.fixture
def url(sqs: Any) -> str:
    return str(sqs.create_queue(QueueName="decisions")["QueueUrl"])


@pytest.fixture
def sink_for() -> Iterator[Callable[[str], SqsSink]]:
    sinks: list[SqsSink] = []

    def build(url: str, endpoint_url: str = "") -> SqsSink:
        sinks.append(SqsSink(SqsSinkSettings(name="out", queue_url=url, endpoint_url=endpoint_url), AWS))
        return sinks[-1]

    yield build
    for sink in sinks:
        sink.close()


SinkFor = Callable[..., SqsSink]


@pytest.mark.parametrize(
    ("host", "called"),
    [
        ("eu-west-3.queue.amazonaws.com", "sqs.eu-west-3.amazonaws.com"),
        ("queue.amazonaws.com", "sqs.us-east-1.amazonaws.com"),
        ("sqs-fips.us-east-2.amazonaws.com", "sqs-fips.us-east-2.amazonaws.com"),
    ],
)
def test_a_queue_is_called_where_its_url_says(sink_for: SinkFor, host: str, called: str, clients: list[Any]) -> None:
    sink_for(f"https://{host}/1/q")
    meta = clients[-1].meta
    assert meta.endpoint_url == f"https://{called}"
    assert meta.region_name in called


def test_an_event_is_a_message_with_attributes_to_filter_by(sqs: Any, url: str, sink_for: SinkFor) -> None:
    sink_for(url).emit([decision(1, "not_live", "payout")])
    (message,) = take_all(sqs, url)
    assert message["Body"] == decision(1, "not_live", "payout").body
    assert values(message) == {"outcome": "not_live", "reason": "confidence_met", "policy": "payout"}


def test_a_fifo_queue_gets_a_group_for_each_session_and_drops_what_it_gets_again(sqs: Any, sink_for: SinkFor) -> None:
    url = sqs.create_queue(QueueName="decisions.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    events = [decision(1), decision(1, policy="payout"), decision(2)]
    for _ in range(2):
        sink_for(url).emit(events)
    messages = take_all(sqs, url)
    assert {message["Body"] for message in messages} == {event.body for event in events}
    assert len(messages) == 3
    first = next(message for message in messages if message["Body"] == events[1].body)
    assert first["Attributes"]["MessageGroupId"] == session_id(1)
    expected = hashlib.sha256(f"{session_id(1)}:payout".encode()).hexdigest()
    assert first["Attributes"]["MessageDeduplicationId"] == expected


def test_events_go_out_ten_a_call_in_order(sqs: Any, url: str, sink_for: SinkFor, clients: list[Any]) -> None:
    sink = sink_for(url)
    wire = Wire(clients[-1], "SendMessageBatch")
    events = [decision(number) for number in range(23)]
    sink.emit(events)
    assert [len(call) for call in wire.calls] == [10, 10, 3]
    assert [message["Body"] for message in take_all(sqs, url)] == [event.body for event in events]


def test_large_events_are_split_into_calls_of_256_kib(
    sqs: Any, url: str, sink_for: SinkFor, clients: list[Any]
) -> None:
    sink = sink_for(url)
    wire = Wire(clients[-1], "SendMessageBatch")
    sink.emit([large_decision(number, 100 * 1024) for number in range(5)])
    assert [len(call) for call in wire.calls] == [2, 2, 1]
    assert len(take_all(sqs, url)) == 5


@pytest.mark.parametrize("tells", [True, False], ids=["told as failed", "not told at all"])
def test_the_entry_that_failed_is_told_by_its_place(
    sqs: Any, url: str, sink_for: SinkFor, tells: bool, clients: list[Any]
) -> None:
    sink = sink_for(url)
    wire = Wire(clients[-1], "SendMessageBatch")
    wire.fail_at, wire.tells = 3, tells
    events = [decision(number) for number in range(12)]
    results = sink.emit(events)
    assert [place for place, result in enumerate(results) if result != DELIVERED] == [3]
    assert ("slow down" in results[3].reason) == tells
    assert [len(call) for call in wire.calls] == [10, 2]
    bodies = [message["Body"] for message in take_all(sqs, url)]
    assert sorted(bodies) == sorted(event.body for event in events[:3] + events[4:])


@pytest.mark.parametrize("limit", [1024, 256 * 1024])
def test_one_event_that_is_too_large_is_refused_for_that_and_does_not_hold_up_the_others(
    sqs: Any, sink_for: SinkFor, limit: int
) -> None:
    url = sqs.create_queue(QueueName="small", Attributes={"MaximumMessageSize": str(limit)})["QueueUrl"]
    batch = [decision(1), large_decision(2, limit), decision(3)]
    first, second, third = sink_for(url).emit(batch)
    assert [message["Body"] for message in take_all(sqs, url)] == [batch[0].body, batch[2].body]
    assert (first, third, second.status, second.is_final) == (DELIVERED, DELIVERED, EventStatus.REJECTED, True)
    assert re.match(
        rf"an entry of \d+ bytes.*{url}: .*shorter than {limit} bytes; raise the queue's Max", second.reason
    )


def test_a_queue_that_is_not_there_is_told_with_the_fix(url: str, sink_for: SinkFor) -> None:
    with pytest.raises(SinkError, match=r"decisions-nope: .*NonExistentQueue.*; create it, or fix queue_url"):
        sink_for(f"{url}-nope").emit([decision(1)])


def test_a_queue_that_may_not_be_used_names_the_action(url: str, sink_for: SinkFor, clients: list[Any]) -> None:
    sink = sink_for(url)

    def deny(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "SendMessageBatch")

    clients[-1].meta.events.register("before-call.*.SendMessageBatch", deny)
    with pytest.raises(SinkError, match="allow sqs:SendMessage on this queue"):
        sink.emit([decision(1)])


def test_no_credentials_are_told(url: str, sink_for: SinkFor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(SinkError, match="no AWS credentials"):
        sink_for(url).emit([decision(1)])


def test_an_endpoint_of_its_own_wins_over_the_urls(sqs: Any, url: str, sink_for: SinkFor, moto_server: str) -> None:
    sink_for("https://sqs.us-east-1.amazonaws.com/123456789012/decisions", moto_server).emit([decision(1)])
    assert len(take_all(sqs, url)) == 1


def test_an_endpoint_that_is_no_url_is_named(sink_for: SinkFor) -> None:
    with pytest.raises(ConfigError, match=r"sinks\.out\.endpoint_url"):
        sink_for("https://sqs.us-east-1.amazonaws.com/1/x", "nowhere")


def test_no_text_shows_what_the_queues_url_keeps_secret(sink_for: SinkFor) -> None:
    sink = sink_for("http://svc:s3cr3t@127.0.0.1:1/1/q?token=s3cr3t")
    for work in (sink.check, lambda: sink.emit([decision(1)])):
        with pytest.raises(SinkError, match=r"^http://127\.0\.0\.1:1/1/q: Could not connect") as caught:
            work()
        assert "s3cr3t" not in str(caught.value)
