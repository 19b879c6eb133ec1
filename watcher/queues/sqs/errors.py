"""Turns what botocore raises into a QueueError that says what to do."""

from typing import Any

from watcher.aws.error_codes import Kind, Meaning
from watcher.aws.failure import Failure, Service, failure_of, failure_of_code
from watcher.domain.errors import QueueError

INVALID_RECEIPTS = frozenset(
    {"ReceiptHandleIsInvalid", "InvalidIdFormat", "MessageNotInflight", "InvalidParameterValue"}
)
"""Codes that say that a receipt is no longer valid: its message was deleted, its lease expired, another consumer
received it, or it was held for the 12 hours that SQS allows. A call's other parameters are ours, and always valid."""

TOO_LARGE = frozenset({"BatchRequestTooLong", "InvalidParameterValue", "InvalidMessageContents"})
"""Codes with which SQS rejects a message itself, however often it is sent."""

_ACTIONS = {
    "change_message_visibility_batch": "sqs:ChangeMessageVisibility",
    "delete_message_batch": "sqs:DeleteMessage",
    "get_queue_attributes": "sqs:GetQueueAttributes",
    "get_queue_url": "sqs:GetQueueUrl",
    "receive_message": "sqs:ReceiveMessage",
    "send_message_batch": "sqs:SendMessage",
}
_MISSING = ("QueueDoesNotExist", "NonExistentQueue")
_IN_FLIGHT_FIX = "120000 messages are in flight (20000 on FIFO), as many as SQS allows: lower queue.max_in_flight"
_SERVICE = Service(
    "SQS",
    "queue.url and queue.endpoint_url",
    resource="queue",
    region="the region",
    if_missing="create it, or correct the URL and the region",
    codes={
        "OverLimit": Meaning(Kind.THROTTLED, _IN_FLIGHT_FIX),
        "InvalidAddress": Meaning(Kind.MISSING, "correct the queue's URL"),
    },
)
_TRANSIENT = {
    Kind.TLS,
    Kind.PROXY,
    Kind.CONNECT_TIMED_OUT,
    Kind.UNREACHABLE,
    Kind.CUT_OFF,
    Kind.UNREADABLE,
    Kind.UNEXPECTED,
}


class SqsFault(QueueError):
    """A failed call, or a failed entry of a batch: `code` is SQS's, `is_transient` whether to retry."""

    def __init__(self, text: str, code: str = "", *, is_transient: bool) -> None:
        super().__init__(text)
        self.code = code
        self.is_transient = is_transient


def translate(error: Exception, operation: str, shown: str) -> SqsFault:
    """The fault for what a call raised (raise it `from error`): one line that names the queue, and the fix.

    `shown` is the queue's URL without secrets: `SqsCaller.shown`.
    """
    failure = failure_of(error, _SERVICE, _action(operation))
    if failure.code in _MISSING:
        return SqsFault(f"{shown}: the queue does not exist; {failure.fix}", failure.code, is_transient=False)
    return SqsFault(f"{shown}: {failure}", failure.code, is_transient=_is_transient(failure))


def entry_fault(entry: dict[str, Any], operation: str, shown: str) -> SqsFault:
    """The fault of one entry in a batch answer's `Failed`. Faults that are not the sender's are worth a retry."""
    action = _action(operation)
    failure = failure_of_code(entry.get("Code"), entry.get("Message"), _SERVICE, action)
    is_transient = _is_transient(failure) or not entry.get("SenderFault")
    return SqsFault(f"{shown}: {action}: {failure}", failure.code, is_transient=is_transient)


def _is_transient(failure: Failure) -> bool:
    return failure.passing_kind is not None or failure.kind in _TRANSIENT


def _action(operation: str) -> str:
    return _ACTIONS.get(operation, operation)
