import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from botocore.exceptions import ClientError
from structlog.testing import capture_logs

from tests.integration.support.aws_sinks import AWS, Wire, large_decision, take_all
from tests.integration.support.event_buses import EventBridge
from tests.support import ManualClock, decision
from watcher.config import EventBridgeSinkSettings
from watcher.domain.errors import SinkError
from watcher.domain.event_result import DELIVERED, EventStatus
from watcher.sinks.aws.eventbridge import CHECK_INTERVAL, EventBridgeSink

Client = Callable[[str], Any]
SinkFor = Callable[..., EventBridgeSink]


class Bus:
    """A bus with a rule that puts what it matches on a queue."""

    def __init__(self, client: Client, pattern: dict[str, Any]) -> None:
        self._sqs, events = client("sqs"), client("events")
        self._url = self._sqs.create_queue(QueueName="matched")["QueueUrl"]
        self.arn = events.create_event_bus(Name="decisions")["EventBusArn"]
        events.put_rule(Name="rule", EventBusName="decisions", EventPattern=json.dumps(pattern))
        target = {"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:matched"}
        events.put_targets(Rule="rule", EventBusName="decisions", Targets=[target])

    def matched(self) -> list[dict[str, Any]]:
        return [json.loads(message["Body"]) for message in take_all(self._sqs, self._url)]


ALL = {"source": ["liveness.watcher"], "detail-type": ["liveness.decision.v1"]}


@pytest.fixture
def sink_for(moto_server: str) -> Iterator[SinkFor]:
    sinks: list[EventBridgeSink] = []

    def build(bus: str, clock: ManualClock | None = None) -> EventBridgeSink:
        settings = EventBridgeSinkSettings(name="out", bus=bus, endpoint_url=moto_server)
        sinks.append(EventBridgeSink(settings, AWS, clock))
        return sinks[-1]

    yield build
    for sink in sinks:
        sink.close()


def refuse(client: Any, operation: str, code: str) -> None:
    def raise_error(**_: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)

    client.meta.events.register(f"before-call.*.{operation}", raise_error)


@pytest.mark.parametrize("by", ["name", "arn"])
def test_an_event_has_source_detail_type_time_and_the_whole_cloudevent(
    client: Client, sink_for: SinkFor, by: str
) -> None:
    bus = Bus(client, ALL)
    sink_for("decisions" if by == "name" else bus.arn).emit([decision(1)])
    (event,) = bus.matched()
    assert (event["source"], event["detail-type"]) == ("liveness.watcher", "liveness.decision.v1")
    assert event["time"] == "2025-06-15T15:06:40Z"
    assert event["detail"] == json.loads(decision(1).body)


def test_a_rule_can_match_the_outcome(client: Client, sink_for: SinkFor) -> None:
    bus = Bus(client, {"detail": {"data": {"outcome": ["live"]}}})
    sink_for("decisions").emit([decision(1, "live"), decision(2, "not_live")])
    assert [event["detail"]["id"] for event in bus.matched()] == [decision(1).key.event_id]


def test_events_are_split_by_number_and_size(client: Client, sink_for: SinkFor, clients: list[Any]) -> None:
    bus, sink = Bus(client, ALL), sink_for("decisions")
    wire = Wire(clients[-1], "PutEvents")
    sink.emit([*(decision(n) for n in range(11)), *(large_decision(n, 150 * 1024) for n in (11, 12))])
    assert [len(call) for call in wire.calls] == [10, 2, 1]
    assert len(bus.matched()) == 13


@pytest.mark.parametrize("tells", [True, False], ids=["told as failed", "missing in the answer"])
def test_the_entries_that_failed_are_told_by_their_places(
    client: Client, sink_for: SinkFor, tells: bool, clients: list[Any]
) -> None:
    bus, sink = Bus(client, ALL), sink_for("decisions")
    wire = Wire(clients[-1], "PutEvents")
    failing = 1 if tells else 2
    wire.fail_at, wire.tells = failing, tells
    events = [decision(number) for number in range(3)]
    results = sink.emit(events)
    assert [place for place, result in enumerate(results) if result != DELIVERED] == [failing]
    taken = [event.key.event_id for place, event in enumerate(events) if place != failing]
    assert sorted(event["detail"]["id"] for event in bus.matched()) == taken


def test_a_bus_that_is_not_there_is_found_out_before_events_are_lost_on_it(
    sink_for: SinkFor, clients: list[Any]
) -> None:
    sink = sink_for("nope")
    wire = Wire(clients[-1], "PutEvents")
    for _ in range(2):
        with pytest.raises(SinkError, match=r"event bus nope: ResourceNotFoundException.*; create it, or fix bus"):
            sink.emit([decision(1)])
    assert wire.calls == []


@pytest.fixture
def aws() -> Iterator[EventBridge]:
    server = EventBridge()
    yield server
    server.close()


@pytest.fixture
def at_aws(aws: EventBridge) -> Iterator[EventBridgeSink]:
    sink = EventBridgeSink(EventBridgeSinkSettings(name="out", bus="decisions", endpoint_url=aws.url), AWS)
    yield sink
    sink.close()


MISSING = r"event bus decisions: ResourceNotFoundException: .*; create it, or fix bus"


def test_what_is_put_on_a_bus_that_was_deleted_does_not_count_as_delivered(
    aws: EventBridge, at_aws: EventBridgeSink
) -> None:
    """Once the bus is back, the same events are sent again."""
    events = [decision(1), decision(2)]
    at_aws.emit([decision(0)])
    aws.exists = False
    for _ in range(3):
        with pytest.raises(SinkError, match=MISSING):
            at_aws.emit(events)
    assert aws.calls.count("PutEvents") == 2  # nothing more is put on a bus that is known to be missing
    aws.exists = True
    assert list(at_aws.emit(events)) == [DELIVERED] * 2
    assert aws.events == [decision(number).key.event_id for number in range(3)]


def test_a_bus_is_seen_after_the_events_were_put_before_they_count(aws: EventBridge, at_aws: EventBridgeSink) -> None:
    at_aws.emit([decision(number) for number in range(25)])
    assert aws.calls == ["DescribeEventBus", "PutEvents", "PutEvents", "PutEvents", "DescribeEventBus"]


def test_a_check_finds_a_bus_that_is_gone_and_one_that_is_back(aws: EventBridge, at_aws: EventBridgeSink) -> None:
    at_aws.verify_target()
    aws.exists = False
    for _ in range(2):
        with pytest.raises(SinkError, match=MISSING):
            at_aws.verify_target()
    aws.exists = True
    at_aws.verify_target()
    assert at_aws.check_interval == CHECK_INTERVAL == 60.0


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalException"])
def test_a_check_without_an_answer_counts_only_once_the_bus_was_not_seen_for_a_minute(
    client: Client, sink_for: SinkFor, code: str, clients: list[Any]
) -> None:
    Bus(client, ALL)
    clock = ManualClock()
    sink = sink_for("decisions", clock)
    assert sink.emit([decision(1)]) == [DELIVERED]
    refuse(clients[-1], "DescribeEventBus", code)
    clock.advance(CHECK_INTERVAL)
    assert sink.emit([decision(2)]) == [DELIVERED]
    clock.advance(1.0)
    with pytest.raises(SinkError, match=code):
        sink.emit([decision(3)])


def test_without_permission_to_check_the_bus_events_are_put_and_it_is_told_once(
    client: Client, sink_for: SinkFor, clients: list[Any]
) -> None:
    bus, clock = Bus(client, ALL), ManualClock()
    sink = sink_for("decisions", clock)
    refuse(clients[-1], "DescribeEventBus", "AccessDeniedException")
    with capture_logs() as logs:
        for number in range(3):
            sink.emit([decision(number)])
            clock.advance(CHECK_INTERVAL + 1.0)
    assert len(bus.matched()) == 3
    assert [(entry["event"], entry["fix"]) for entry in logs] == [
        ("bus_check_denied", "allow events:DescribeEventBus on it")
    ]


def test_a_bus_that_may_not_be_used_names_the_action(client: Client, sink_for: SinkFor, clients: list[Any]) -> None:
    Bus(client, ALL)
    sink = sink_for("decisions")
    refuse(clients[-1], "PutEvents", "AccessDeniedException")
    with pytest.raises(SinkError, match="allow events:PutEvents on this event bus"):
        sink.emit([decision(1)])


def test_an_entry_with_an_id_and_an_error_was_not_delivered() -> None:
    bus = EventBridge()
    bus.entry = {"EventId": "1", "ErrorCode": "InternalFailure"}
    settings = EventBridgeSinkSettings(name="out", bus="decisions", endpoint_url=bus.url)
    with closing(bus), closing(EventBridgeSink(settings, AWS)) as sink:
        (result,) = sink.emit([decision(1)])
    assert (result.status, result.reason) == (EventStatus.FAILED, "event bus decisions: InternalFailure")
