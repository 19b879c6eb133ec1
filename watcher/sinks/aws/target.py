"""One call to a sink's target at AWS, and what its errors mean to the operator."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore import exceptions as boto

from watcher.aws.errors import CA_FIX, CREDENTIALS_FIX, NO_CREDENTIALS, UNREADABLE, attempt, one_line
from watcher.domain.errors import SinkError
from watcher.domain.event_result import EventResult, EventStatus, failed, not_attempted, rejected

T = TypeVar("T")

_DENIED = re.compile(r"AccessDenied|AuthorizationError|NotAuthorized|InvalidSecurity|OptInRequired")
_NOT_SIGNED_IN = re.compile(
    r"InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|ExpiredToken|InvalidAccess"
)
_MISSING = re.compile(r"NonExistentQueue|QueueDoesNotExist|^NotFound|ResourceNotFound")
_TOO_LONG = re.compile(r"TooLong|TooLarge|InvalidParameter|ValidationException|InvalidMessageContents")
_ABOUT_SIZE = re.compile(
    r"Too(Long|Large)|\b(too long|too large|longer|shorter|size|bytes|exceeds?|over the limit)\b", re.IGNORECASE
)
_MALFORMED = re.compile(r"InvalidMessageContents|MalformedDetail")
_THROTTLED = re.compile(r"Throttl|TooManyRequests|LimitExceeded|RequestLimit|OverLimit|SlowDown|ServiceUnavailable")
_UNANSWERED = (boto.ReadTimeoutError, boto.ConnectionClosedError, boto.IncompleteReadError)
"""The request was sent, and no answer came: its content may be the reason."""
_OVERLOADED = ("429", "503")
_MAY_NOT = re.compile(r"AccessDenied|AuthorizationError|NotAuthorized")
# In this order: botocore's SSLError is a ConnectionError, too.
_LOCAL_FIXES: tuple[tuple[Any, str], ...] = (
    (NO_CREDENTIALS, CREDENTIALS_FIX),
    (boto.SSLError, CA_FIX),
    (
        (boto.HTTPClientError, boto.ConnectionError),
        "check the network, aws.region and the sink's endpoint_url",
    ),
    (UNREADABLE, "check the endpoint"),
)


class CallFailed(Exception):
    """A whole call failed, perhaps for one of its entries; `result` is what it means for a call with a single one."""

    def __init__(self, result: EventResult) -> None:
        super().__init__(result.reason)
        self.result = result


class TargetMissing(SinkError):
    """The service says that the target does not exist."""


class MayNotLookError(SinkError):
    """The target can't be asked for; that says nothing about sending there."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a sink calls: as the operator knows it, the IAM actions, and the fixes for what can be wrong.

    `action` is needed; `look_action` lets it be seen beforehand that the target is there.
    """

    shown: str
    action: str
    look_action: str
    if_missing: str
    if_too_long: str

    def call(self, work: Callable[[], T]) -> T:
        """One call.

        Raises:
            SinkError: the sink is at fault, and nothing in the call: one line, with the fix where one is known.
            CallFailed: the service answered with an error, or not at all: what is in the call may be the reason.
        """
        return attempt(work, self._fault)

    def _fault(self, error: Exception) -> Exception:
        if isinstance(error, boto.ClientError):
            found = error.response.get("Error", {})
            result = self.result(str(found.get("Code") or "Unknown"), str(found.get("Message") or ""))
            return SinkError(result.reason) if result.status is EventStatus.NOT_ATTEMPTED else CallFailed(result)
        line = f"{self.shown}: {_local_words(error)}"
        return CallFailed(failed(line)) if isinstance(error, _UNANSWERED) else SinkError(line)

    def look(self, ask: Callable[[], object]) -> None:
        """One call that changes nothing.

        Raises:
            MayNotLookError: it is not allowed.
            TargetMissing: there is no such target.
            SinkError: as `call`.
        """
        try:
            self.call(ask)
        except CallFailed as failure:
            raise SinkError(failure.result.reason) from failure
        except SinkError as error:
            cause = error.__cause__
            code = str(cause.response.get("Error", {}).get("Code")) if isinstance(cause, boto.ClientError) else ""
            if _MAY_NOT.search(code):
                raise MayNotLookError(f"{self.shown}: not looked at; allow {self.look_action} on it") from cause
            if _MISSING.search(code):
                raise TargetMissing(str(error)) from cause
            raise

    def result(self, code: str, message: str) -> EventResult:
        """What an error of the service means for the event in a call, or in one of its entries.

        Only what the service says about the content is a rejection. Permissions, credentials, a missing target and
        throttling concern the whole sink; anything else may be due to the event.
        """
        if code.isdigit():  # botocore puts the HTTP status where a body has no code
            line = f"{self.shown}: HTTP {code}"
            if code == "413":
                return rejected(f"{line}; {self.if_too_long}", is_final=True)
            return not_attempted(line) if code in _OVERLOADED else failed(line)
        said = one_line(message).rstrip(".") or "no reason given"
        line = f"{self.shown}: {code}: {said}{self._fix(code, message)}"
        if _is_too_long(code, message) or _MALFORMED.search(code):
            return rejected(line, is_final=True)
        is_of_the_sink = any(kind.search(code) for kind in (_DENIED, _NOT_SIGNED_IN, _MISSING, _THROTTLED))
        return not_attempted(line) if is_of_the_sink else failed(line)

    def _fix(self, code: str, message: str) -> str:
        if _DENIED.search(code):
            return f"; allow {self.action} on it (for an encrypted one also kms:GenerateDataKey and kms:Decrypt)"
        if _NOT_SIGNED_IN.search(code):
            return f"; {CREDENTIALS_FIX}"
        if _MISSING.search(code):
            return f"; {self.if_missing}"
        if _is_too_long(code, message):
            return f"; {self.if_too_long}"
        return ""


def _is_too_long(code: str, message: str) -> bool:
    return bool(_TOO_LONG.search(code) and _ABOUT_SIZE.search(f"{code} {message}"))


def _local_words(error: Exception) -> str:
    """What a call raised before or without an answer of the service, with the fix where one is known."""
    fix = next((f"; {fix}" for kinds, fix in _LOCAL_FIXES if isinstance(error, kinds)), "")
    return one_line(error) + fix
