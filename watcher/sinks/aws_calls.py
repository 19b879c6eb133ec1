"""One call to a sink's target at AWS, and what its errors mean to the operator."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore import exceptions as boto

from watcher.aws.faults import CA_FIX, CREDENTIALS_FIX, NO_CREDENTIALS, UNREADABLE, attempt, one_line
from watcher.errors import Refusal, SinkError

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
            SinkError: what botocore raises on purpose, in one line with the fix where one is known. With place 0
                among its `refused`, the call was refused for what is in it.
        """
        return attempt(work, self._fault)

    def _fault(self, error: Exception) -> SinkError:
        if not isinstance(error, boto.ClientError):
            return SinkError(f"{self.shown}: {_local_words(error)}")
        found = error.response.get("Error", {})
        told = self.told(str(found.get("Code") or "Unknown"), str(found.get("Message") or ""))
        return SinkError(told.why, refused={0: told}) if isinstance(told, Refusal) else SinkError(told)

    def look(self, ask: Callable[[], object]) -> None:
        """One call that changes nothing.

        Raises:
            MayNotLookError: it is not allowed.
            SinkError: as `call`.
        """
        try:
            self.call(ask)
        except SinkError as error:
            cause = error.__cause__
            if isinstance(cause, boto.ClientError) and _MAY_NOT.search(str(cause.response["Error"].get("Code"))):
                raise MayNotLookError(f"{self.shown}: not looked at; allow {self.look_action} on it") from cause
            raise

    def told(self, code: str, message: str) -> str | Refusal:
        """One line about an error of the service, for a call or for one of its entries.

        It is a refusal if the service will not take that for what it is, however often it is sent.
        """
        if code.isdigit():  # botocore puts the HTTP status where a body has no code
            line = f"{self.shown}: HTTP {code}"
            return Refusal(f"{line}; {self.if_too_long}", is_certain=True) if code == "413" else line
        said = one_line(message).rstrip(".") or "no reason given"
        line = f"{self.shown}: {code}: {said}{self._fix(code, message)}"
        is_refusal = _is_too_long(code, message) or _MALFORMED.search(code)
        return Refusal(line, is_certain=True) if is_refusal else line

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
