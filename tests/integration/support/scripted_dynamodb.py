"""A real client for DynamoDB whose answers are written down: what the wire brings, without a wire."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from watcher.aws.call_deadline import HANDLER_ID
from watcher.aws.client import build_client
from watcher.config import AwsSettings

NOWHERE = "http://127.0.0.1:1"

WRITTEN = {"ConsumedCapacity": {"TableName": "decided", "CapacityUnits": 1.0}}
"""What DynamoDB says of a write when it is asked for what that consumed."""


class _Raw:
    """What botocore reads an answer's body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_args: Any, **_kwargs: Any) -> Iterator[bytes]:
        yield self._body


def answer(body: object, status: int = 200) -> tuple[int, bytes]:
    """An answer in JSON; bytes are sent as they are."""
    return status, body if isinstance(body, bytes) else json.dumps(body).encode()


def refusal(code: str, message: str = "no", status: int = 400, **members: Any) -> tuple[int, bytes]:
    """An error as DynamoDB tells it."""
    return answer({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **members}, status)


@dataclass
class Script:
    """Answers in their order (an exception is raised instead), and the requests that got them.

    `respond` answers instead, if it is given.
    """

    answers: list[tuple[int, bytes] | Exception]
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    respond: Callable[[str, dict[str, Any]], tuple[int, bytes]] | None = None
    _lock: Any = field(default_factory=Lock)

    def client(self) -> Any:
        """The client; no connection is ever made."""
        client = build_client("dynamodb", AwsSettings(sign_request=False), NOWHERE, concurrency=1)
        client.meta.events.unregister("before-send", unique_id=HANDLER_ID)
        client.meta.events.register("before-send.dynamodb", self._send)
        return client

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        with self._lock:
            operation = request.headers["X-Amz-Target"].decode().split(".")[-1]
            self.requests.append((operation, json.loads(request.body)))
            given = self.respond(*self.requests[-1]) if self.respond else self.answers.pop(0)
        if isinstance(given, Exception):
            raise given
        return AWSResponse(request.url, given[0], {"Content-Type": "application/x-amz-json-1.0"}, _Raw(given[1]))
