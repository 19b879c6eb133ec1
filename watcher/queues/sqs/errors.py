"""From what botocore raises to a QueueError that says what to do. The only place of the SQS queue that knows both."""

import re
from typing import Any

from botocore import exceptions as boto

from watcher.aws.errors import CA_FIX, CREDENTIALS_FIX, NO_CREDENTIALS, UNREADABLE, one_line
from watcher.domain.errors import QueueError

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
    "get_queue_url": "sqs:GetQueueUrl",
    "receive_message": "sqs:ReceiveMessage",
    "send_message_batch": "sqs:SendMessage",
}
_DENIED = re.compile(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)")
_KEYS = "check access key and secret, and this machine's clock"
_FIXES = {
    "ExpiredToken": "renew the credentials",
    "ExpiredTokenException": "renew the credentials",
    "InvalidAddress": "correct the queue's URL",
    "InvalidClientTokenId": _KEYS,
    "InvalidSecurity": "sign the requests (aws.sign_request) and use https",
    "InvalidSignatureException": _KEYS,
    "KmsAccessDenied": "allow kms:Decrypt and kms:GenerateDataKey on the queue's key",
    "KmsDisabled": "enable the queue's KMS key",
    "KmsInvalidKeyUsage": "give the queue a symmetric KMS key for encryption and decryption",
    "KmsInvalidState": "see the state of the queue's KMS key: it may be pending deletion or import",
    "KmsNotFound": "give the queue a KMS key that exists in its region",
    "KmsOptInRequired": "enable KMS for this account",
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
    (UNREADABLE, "check queue.endpoint_url, what answers there is no SQS", True),
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
    known = ((fix, is_transient) for kinds, fix, is_transient in _LOCAL if isinstance(error, kinds))
    fix, is_transient = next(known, (_UNREACHABLE, True))
    return SqsFault(f"{shown}: {one_line(error)}: {fix}", is_transient=is_transient)


def entry_fault(entry: dict[str, Any], operation: str, shown: str) -> SqsFault:
    """The fault of one entry in a batch answer's `Failed`. What is not the sender's fault is worth another try."""
    code = bare_code(entry.get("Code"))
    message = one_line(entry.get("Message") or "no reason given")
    text = f"{shown}: {_action(operation)}: {code}: {message}"
    return SqsFault(text, code, is_transient=code in _TRANSIENT or not entry.get("SenderFault"))


def bare_code(code: object) -> str:
    """The last part of a code: SQS's older protocol writes `AWS.SimpleQueueService.MessageNotInflight`.

    That protocol's codes for KMS have a prefix that makes the difference: `KMS.AccessDeniedException` becomes
    `KmsAccessDenied`, the name that the service model gives it.
    """
    *prefix, last = re.split(r"[.#]", str(code or ""))
    if prefix and prefix[-1].upper() == "KMS":
        name = last.removesuffix("Exception")
        return "KmsThrottled" if name == "Throttling" else f"Kms{name}"
    return last


def _from_service(response: dict[str, Any], operation: str, shown: str) -> SqsFault:
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = bare_code(response.get("Error", {}).get("Code"))
    if not code or code.isdigit():  # botocore puts the HTTP status where a body has no code
        text = f"{shown}: HTTP {status} without an error code of the API: a proxy's? Check queue.endpoint_url"
        return SqsFault(text, is_transient=status >= 500 or status == 429)
    if code in ("QueueDoesNotExist", "NonExistentQueue"):
        fix = "create it, or correct the URL and the region"
        return SqsFault(f"{shown}: there is no such queue: {fix}", code, is_transient=False)
    message = one_line(response["Error"].get("Message") or "")
    text = f"{shown}: {code}: {message}" if message else f"{shown}: {code}"
    if fix := _fix(code, message, operation):
        text = f"{text} ({fix})"
    return SqsFault(text, code, is_transient=code in _TRANSIENT or status >= 500 or status == 429)


def _fix(code: str, message: str, operation: str) -> str:
    if code in ("AccessDenied", "AccessDeniedException"):
        named = _DENIED.search(message)  # AWS's own word, if it gives one: it may be KMS's permission that is missing
        action = named[1] if named else _action(operation)
        resource = "the queue's key" if action.startswith("kms:") else "this queue"
        return f"allow {action} on {resource} in the role's policy"
    return _FIXES.get(code, "")


def _action(operation: str) -> str:
    return _ACTIONS.get(operation, operation)
