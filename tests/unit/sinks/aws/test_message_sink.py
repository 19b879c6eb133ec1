"""The sink of messages without a service: what a call has, and what its answer makes of each event."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support import decision
from watcher.aws.batch_limits import BATCH_LIMITS
from watcher.domain.errors import SinkError
from watcher.domain.event_result import DELIVERED, EventStatus
from watcher.sinks.aws.message_sink import MessageSink
from watcher.sinks.aws.target import CheckNotPermitted, Target, sink_service

TARGET = Target(sink_service("SQS", "queue", "create it"), "the queue", "sqs:Send", "sqs:Ask", "send less")
EVENTS = [decision(number) for number in range(12)]


class Service:
    """Takes every entry but those at `fails_at`; raises `error`, if there is one."""

    def __init__(self, *fails_at: int) -> None:
        self.fails_at = set(fails_at)
        self.calls: list[list[dict[str, Any]]] = []
        self.error: Exception | None = None
        self.is_closed = False

    def send(self, entries: list[dict[str, Any]]) -> Mapping[str, Any]:
        self.calls.append(entries)
        self.ask()
        failed = [entry["Id"] for entry in entries if int(entry["Id"]) in self.fails_at]
        done = [entry["Id"] for entry in entries if entry["Id"] not in failed]
        return {
            "Successful": [{"Id": each, "MessageId": "m"} for each in done],
            "Failed": [{"Id": each, "Code": "InternalError", "Message": "odd"} for each in failed],
        }

    def ask(self) -> None:
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.is_closed = True


def a_sink(service: Service, *, is_fifo: bool = False) -> MessageSink:
    return MessageSink("s", service, TARGET, body_key="Message", is_fifo=is_fifo, send=service.send, ask=service.ask)


def denied() -> ClientError:
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Send")


def test_an_event_is_a_message_whose_attributes_can_be_filtered_by() -> None:
    service = Service()
    assert a_sink(service).emit(EVENTS[:1]) == [DELIVERED]
    [[entry]] = service.calls
    data = json.loads(EVENTS[0].body)["data"]
    assert (entry["Id"], entry["Message"]) == ("0", EVENTS[0].body)
    found = {name: value["StringValue"] for name, value in entry["MessageAttributes"].items()}
    assert found == {"outcome": data["outcome"], "reason": data["reason"], "policy": EVENTS[0].key.policy}
    assert "MessageGroupId" not in entry


def test_a_fifo_target_gets_the_session_as_group_and_the_same_deduplication_id_for_the_same_event() -> None:
    service = Service()
    sink = a_sink(service, is_fifo=True)
    for _ in range(2):
        sink.emit(EVENTS[:2])
    first, again = service.calls
    assert first == again
    assert [entry["MessageGroupId"] for entry in first] == [event.key.session_id for event in EVENTS[:2]]
    assert len({entry["MessageDeduplicationId"] for entry in first}) == 2


def test_results_are_those_of_the_events_in_order_over_several_calls() -> None:
    service = Service(1)
    results = a_sink(service).emit(EVENTS)
    assert [len(call) for call in service.calls] == [BATCH_LIMITS.entries, 2]
    places = [place for place, result in enumerate(results) if result.status is EventStatus.FAILED]
    assert (len(results), places) == (12, [1, 11])
    assert results[1].reason == "the queue: InternalError: odd"


def test_what_concerns_the_whole_sink_is_its_error_with_the_fix() -> None:
    service = Service()
    service.error = denied()
    with pytest.raises(SinkError, match="the queue: AccessDenied: no; allow sqs:Send on this queue"):
        a_sink(service).emit(EVENTS)


def test_a_check_sends_nothing_and_tells_a_permission_apart_from_a_fault() -> None:
    service = Service()
    sink = a_sink(service)
    sink.check()
    service.error = denied()
    with pytest.raises(CheckNotPermitted, match="allow sqs:Ask"):
        sink.check()
    service.error = ClientError({"Error": {"Code": "NonExistentQueue", "Message": "no"}}, "Ask")
    with pytest.raises(SinkError, match="create it"):
        sink.check()
    assert service.calls == []


def test_the_client_is_closed_with_the_sink() -> None:
    service = Service()
    a_sink(service).close()
    assert service.is_closed
