"""A client of SQS whose answers a test writes, and a queue that uses it."""

from collections import deque
from collections.abc import Callable
from threading import Event, Lock
from typing import Any

from botocore.exceptions import ClientError

from tests.support import ManualClock
from watcher.domain.model import Lease
from watcher.queues.sqs.client import SqsCaller
from watcher.queues.sqs.queue import SqsQueue

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/sessions"

EXTEND, DELETE, SEND = "change_message_visibility_batch", "delete_message_batch", "send_message_batch"

Answer = dict[str, Any] | Exception | Callable[[dict[str, Any]], dict[str, Any]]

Open = Callable[..., tuple[SqsQueue, "FakeClient"]]
"""The fixture `opened`: takes what `a_queue` takes, except for the clock, and closes the queue."""


class FakeClient:
    """Answers from `script[operation]` in order; when that is used up, every entry of a batch succeeds."""

    def __init__(self, **script: list[Answer]) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._script = {operation: deque(answers) for operation, answers in script.items()}
        self._lock = Lock()
        self.is_closed = False

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        if operation.startswith("_"):
            raise AttributeError(operation)
        return lambda **parameters: self._answer(operation, parameters)

    def _answer(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self.calls.append((operation, parameters))
            scripted = self._script.get(operation)
            answer: Answer = scripted.popleft() if scripted else all_done
        if isinstance(answer, Exception):
            raise answer
        return answer(parameters) if callable(answer) else answer

    def script(self, operation: str, *answers: Answer) -> None:
        """Answer this operation so, next."""
        self._script[operation] = deque(answers)

    def close(self) -> None:
        self.is_closed = True

    def of(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of each call of this operation."""
        return [parameters for name, parameters in self.calls if name == operation]

    def entries(self, operation: str, member: str = "ReceiptHandle") -> list[list[Any]]:
        """One member of every entry, call by call."""
        return [[entry[member] for entry in parameters["Entries"]] for parameters in self.of(operation)]


def all_done(parameters: dict[str, Any]) -> dict[str, Any]:
    return {"Successful": [{"Id": entry["Id"]} for entry in parameters.get("Entries", ())]}


def failing(code: str, *values: str, sender_fault: bool = False) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A batch answer in which the entries with one of these receipts or bodies failed, and the others did not."""

    def answer(parameters: dict[str, Any]) -> dict[str, Any]:
        bad = [e for e in parameters["Entries"] if {e.get("ReceiptHandle"), e.get("MessageBody")} & set(values)]
        ids = {entry["Id"] for entry in bad}
        failed = [{"Id": n, "Code": code, "SenderFault": sender_fault, "Message": "why"} for n in sorted(ids)]
        done = [{"Id": entry["Id"]} for entry in parameters["Entries"] if entry["Id"] not in ids]
        return {"Failed": failed, "Successful": done}

    return answer


def service_error(code: str, status: int = 400, message: str = "why", operation: str = "Any") -> ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)


def message(number: int, body: str = "a", **more: Any) -> dict[str, Any]:
    """A received message."""
    attributes = {"SentTimestamp": "1750000000000", "ApproximateReceiveCount": "1"}
    return {
        "MessageId": f"m{number}",
        "ReceiptHandle": f"r{number}",
        "Body": body,
        "Attributes": attributes,
        **more,
    }


def a_queue(
    clock: ManualClock, url: str = URL, dead: FakeClient | None = None, visibility: float = 60, **script: list[Answer]
) -> tuple[SqsQueue, FakeClient]:
    """A queue whose client answers as scripted, with 60 s leases and, if asked, dead letters."""
    client = FakeClient(**script)
    dead_letters = SqsCaller(dead, f"{URL}-dead") if dead else None
    return SqsQueue(SqsCaller(client, url), visibility, clock, dead_letters), client


def received(*numbers: int) -> dict[str, Any]:
    """An answer with these messages."""
    return {"Messages": [message(number) for number in numbers]}


def take(queue: SqsQueue, limit: int = 10) -> list[Lease]:
    """The leases of what a receive brings at once."""
    return [delivery.lease for delivery in queue.receive(limit, 0, Event())]
