"""From what botocore raises to a QueueError that says what to do. The only place of the SQS queue that knows both."""

import re
from typing import Any

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from watcher.aws.faults import CA_FIX, CREDENTIALS_FIX, NO_CREDENTIALS, one_line, unfetched
from watcher.errors import QueueError

INVALID_RECEIPTS = frozenset(
    {"ReceiptHandleIsInvalid", "InvalidIdFormat", "MessageNotInflight", "InvalidParameterValue"}
)
"""Codes that say of a receipt that it holds no message any more: deleted, expired, received by another, or held for
the 12 hours that SQS allows. A call's other parameters are ours, and always valid."""

TOO_LARGE = frozenset({"BatchRequestTooLong", "InvalidParameterValue", "InvalidMessageContents"})
"""Codes with which SQS refuses a message for what it is, however often it is sent."""

_TRANSIENT = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "KmsThrottled",
        "OverLimit",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_ACTIONS = {
    "change_message_visibility_batch": "sqs:ChangeMessageVisibility",
    "delete_message_batch": "sqs:DeleteMessage",
    "get_queue_attributes": "sqs:GetQueueAttributes",
    "get_shown": "sqs:GetQueueUrl",
    "receive_message": "sqs:ReceiveMessage",
    "send_message_batch": "sqs:SendMessage",
}
_KEYS = "check access key and secret, and this machine's clock"
_FIXES = {
    "ExpiredToken": "renew the credentials",
    "ExpiredTokenException": "renew the credentials",
    "InvalidAddress": "mend the queue's URL",
    "InvalidClientTokenId": _KEYS,
    "InvalidSecurity": "sign the requests (aws.sign_request) and use https",
    "InvalidSignatureException": _KEYS,
    "KmsAccessDenied": "allow kms:Decrypt and kms:GenerateDataKey on the queue's key",
    "KmsDisabled": "turn the queue's key on again",
    "KmsNotFound": "give the queue a key that exists",
    "MissingAuthenticationToken": "give credentials, or leave aws.sign_request on",
    "OverLimit": "120000 messages are in flight (20000 on FIFO), as many as SQS allows: lower queue.max_in_flight",
    "RequestExpired": "set this machine's clock",
    "SignatureDoesNotMatch": _KEYS,
    "UnrecognizedClientException": f"{_KEYS}, and the region",
}
# What botocore raises itself, with the fix, and whether it may pass.
_LOCAL: tuple[tuple[Any, str, bool], ...] = (
    (NO_CREDENTIALS, CREDENTIALS_FIX, False),
    (boto.ParamValidationError, "SQS's API doesn't take that", False),
    (boto.SSLError, CA_FIX, True),
    (ResponseParserError, "check queue.endpoint_url, what answers there is no SQS", True),
)
_UNREACHABLE = "check the network, queue.url and queue.endpoint_url"


class SqsFault(QueueError):
    """A call, or one entry of a batch, that failed: `code` is SQS's, `is_transient` whether to try again."""

    def __init__(self, text: str, code: str = "", *, is_transient: bool) -> None:
        super().__init__(text)
        self.code = code
        self.is_transient = is_transient


def translate(error: Exception, operation: str, shown: str) -> SqsFault:
    """The fault for what a call raised (raise it `from error`): one line that names the queue, and the fix.

    `shown` is the queue's URL as it may be read by anybody, like everywhere here: `SqsCaller.shown`.
    """
    if isinstance(error, boto.ClientError):
        return _from_service(error.response, operation, shown)
    if isinstance(error, boto.CredentialRetrievalError):
        return SqsFault(f"{shown}: {unfetched(error)}", is_transient=True)
    known = ((fix, is_transient) for kinds, fix, is_transient in _LOCAL if isinstance(error, kinds))
    fix, is_transient = next(known, (_UNREACHABLE, True))
    return SqsFault(f"{shown}: {one_line(error)}: {fix}", is_transient=is_transient)


def entry_fault(entry: dict[str, Any], operation: str, shown: str) -> SqsFault:
    """The fault of one entry in a batch answer's `Failed`. What is not the sender's fault is worth another try."""
    code = bare_code(entry.get("Code"))
    text = f"{shown}: {_action(operation)}: {code}: {one_line(entry.get('Message') or '')}"
    return SqsFault(text, code, is_transient=code in _TRANSIENT or not entry.get("SenderFault"))


def bare_code(code: object) -> str:
    """The last part of a code: SQS's older protocol writes `AWS.SimpleQueueService.MessageNotInflight`."""
    return re.split(r"[.#]", str(code or ""))[-1]


def _from_service(response: dict[str, Any], operation: str, shown: str) -> SqsFault:
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = bare_code(response.get("Error", {}).get("Code"))
    if not code or code.isdigit():  # botocore puts the HTTP status where a body has no code
        text = f"{shown}: HTTP {status} without an error code of the API: a proxy's? Check queue.endpoint_url"
        return SqsFault(text, is_transient=status >= 500 or status == 429)
    if code in ("QueueDoesNotExist", "NonExistentQueue"):
        fix = "create it, or mend the URL and the region"
        return SqsFault(f"{shown}: there is no such queue: {fix}", code, is_transient=False)
    text = f"{shown}: {code}: {one_line(response['Error'].get('Message') or '')}"
    if code in ("AccessDenied", "AccessDeniedException"):
        fix = f"allow {_action(operation)} on this queue in the role's policy"
        return SqsFault(f"{text} ({fix})", code, is_transient=False)
    if code in _FIXES:
        text = f"{text} ({_FIXES[code]})"
    return SqsFault(text, code, is_transient=code in _TRANSIENT or status >= 500 or status == 429)


def _action(operation: str) -> str:
    return _ACTIONS.get(operation, operation)
