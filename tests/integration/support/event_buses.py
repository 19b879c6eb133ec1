"""EventBridge as it is at AWS, and not in moto: PutEvents reports success for a bus that does not exist."""

import json
from threading import Condition
from typing import Any

from tests.integration.support.receivers import PATIENCE, Receiver, answer


class EventBridge:
    """A server with one bus, `decisions`, that can be deleted and created again."""

    def __init__(self) -> None:
        self.exists = True
        self.entry: dict[str, str] = {}
        """What each entry of an answer has beside its id."""
        self.events: list[str] = []
        """The ids of the events that reached the bus."""
        self.calls: list[str] = []
        self._changed = Condition()
        self._answers = {"DescribeEventBus": self._describe, "PutEvents": self._put}
        self._receiver = Receiver(self._answer)
        self.url = self._receiver.url.removesuffix("/hook")

    def wait_for(self, count: int) -> None:
        """Wait until so many events have reached the bus."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.events) >= count, 3 * PATIENCE), self.calls

    def close(self) -> None:
        self._receiver.close()

    def _answer(self, receiver: Receiver, handler: Any) -> None:
        got = receiver.got[-1]
        operation = got.headers["x-amz-target"].partition(".")[2]
        self.calls.append(operation)
        status, found = self._answers[operation](json.loads(got.body))
        answer(status, json.dumps(found).encode(), content_type="application/x-amz-json-1.1")(receiver, handler)

    def _describe(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.exists:
            return 200, {
                "Name": asked["Name"],
                "Arn": f"arn:aws:events:us-east-1:123456789012:event-bus/{asked['Name']}",
            }
        return 400, {"__type": "ResourceNotFoundException", "message": f"Event bus {asked['Name']} does not exist."}

    def _put(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        ids = [json.loads(entry["Detail"])["id"] for entry in asked["Entries"]]
        with self._changed:
            self.events += ids if self.exists else []
            self._changed.notify_all()
        return 200, {
            "FailedEntryCount": 0,
            "Entries": [{"EventId": f"{number}", **self.entry} for number in range(len(ids))],
        }
