"""Decisions as SQS and SNS messages: the entries of a call, and the results from its answer."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from watcher.domain.event_result import DELIVERED, EventResult, failed
from watcher.domain.model import DecisionEvent
from watcher.sinks.aws.batches import Entry
from watcher.sinks.aws.target import Target

FIFO = ".fifo"
"""The suffix of FIFO queues and topics."""


def message_entry(event: DecisionEvent, body_key: str, *, is_fifo: bool) -> Entry:
    """The entry of SendMessageBatch (`body_key` MessageBody) or PublishBatch (Message), without its Id.

    A FIFO target keeps the order within a session, and drops duplicates within five minutes.
    """
    attributes = _attributes(event)
    fields: dict[str, Any] = {
        body_key: event.body,
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    }
    if is_fifo:
        fields["MessageGroupId"] = event.key.session_id
        fields["MessageDeduplicationId"] = hashlib.sha256(event.key.event_id.encode()).hexdigest()
    # Names, types and values of attributes count too (SQS and SNS developer guides, message quotas).
    extra = sum(len(name) + len("String") + len(value) for name, value in attributes.items())
    return Entry(fields, len(event.body.encode()) + extra)


def with_ids(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The entries with the ids that identify them in the answer: their positions in the call."""
    return [{"Id": str(place), **entry} for place, entry in enumerate(entries)]


def entry_results(answer: Mapping[str, Any], sent: int, target: Target) -> list[EventResult]:
    """The result of each entry, in order.

    One without a message id in the answer was not delivered, nor was one that the answer also calls failed.
    """
    lost = _by_id(answer, "Failed")
    taken = {place for place, entry in _by_id(answer, "Successful").items() if entry.get("MessageId")} - lost.keys()
    places = map(str, range(sent))
    return [DELIVERED if place in taken else _result(lost.get(place), target) for place in places]


def _by_id(answer: Mapping[str, Any], key: str) -> dict[str, Mapping[str, Any]]:
    entries = (entry for entry in answer.get(key) or () if isinstance(entry, Mapping))
    return {str(entry.get("Id")): entry for entry in entries}


def _result(failure: Mapping[str, Any] | None, target: Target) -> EventResult:
    if failure is None:
        return failed(f"{target.shown}: the answer omits the entry")
    return target.result(str(failure.get("Code") or "Failed"), str(failure.get("Message") or ""))


def _attributes(event: DecisionEvent) -> dict[str, str]:
    body = json.loads(event.body)
    attributes = {name: body["data"][name] for name in ("outcome", "reason")} | {"policy": event.key.policy}
    return attributes | ({"traceparent": body["traceparent"]} if "traceparent" in body else {})
