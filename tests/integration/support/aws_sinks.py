"""Sinks at moto's server, and calls of theirs that fail in part."""

from collections.abc import Mapping
from typing import Any

from tests.support import decision
from watcher.config import AwsSettings
from watcher.domain.model import DecisionEvent

AWS = AwsSettings(region="us-east-1", connect_timeout=5.0, read_timeout=10.0)


def large_decision(number: int, size: int) -> DecisionEvent:
    """A decision whose body has more than `size` bytes."""
    event = decision(number)
    padding = f',"context":"{"x" * size}"}}'
    return DecisionEvent(event.key, event.body[:-1] + padding)


def take_all(sqs: Any, url: str) -> list[dict[str, Any]]:
    """Every message on a queue, in the order they come, and off it."""
    messages: list[dict[str, Any]] = []
    while found := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
    ).get("Messages"):
        messages += found
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return messages


def values(message: Mapping[str, Any]) -> dict[str, str]:
    """The attributes of an SQS message."""
    return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}


class Wire:
    """Looks at the calls of a sink on their way, and lets one entry of the first call fail if told to."""

    def __init__(self, client: Any, operation: str, entries: str = "Entries") -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.fail_at: int | None = None
        self.tells = True
        self._entries = entries
        self._failed: dict[str, Any] | None = None
        events = client.meta.events
        events.register(f"before-parameter-build.*.{operation}", self._before)
        events.register(f"after-call.*.{operation}", self._after)

    def _before(self, params: dict[str, Any], **_: object) -> None:
        self.calls.append(list(params[self._entries]))
        if self.fail_at is not None:
            self._failed = params[self._entries].pop(self.fail_at)

    def _after(self, parsed: dict[str, Any], **_: object) -> None:
        failed, self._failed = self._failed, None
        if failed is None or self.fail_at is None:
            return
        place, self.fail_at = self.fail_at, None
        if not self.tells:
            return
        if "FailedEntryCount" in parsed:
            parsed["FailedEntryCount"] += 1
            parsed["Entries"].insert(place, {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"})
        else:
            error = {"Id": failed["Id"], "Code": "ThrottlingException", "Message": "slow down", "SenderFault": False}
            parsed.setdefault("Failed", []).append(error)
