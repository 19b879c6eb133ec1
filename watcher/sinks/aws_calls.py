"""One call to a sink's target at AWS, and what its errors mean to the operator."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

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
_SECRETS = re.compile(r"(?<=//)[^/\s@]+@|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b")
_LONGEST = 300
_CREDENTIALS = "check aws.profile and where the credentials come from"


_MAY_NOT = re.compile(r"AccessDenied|AuthorizationError|NotAuthorized")


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
        try:
            return work()
        except boto.ClientError as error:
            found = error.response.get("Error", {})
            told = self.told(str(found.get("Code") or "Unknown"), str(found.get("Message") or ""))
            if isinstance(told, Refusal):
                raise SinkError(told.why, refused={0: told}) from error
            raise SinkError(told) from error
        except boto.CredentialRetrievalError as error:  # its text may quote what a credential process printed
            raise SinkError(f"{self.shown}: no AWS credentials at the moment: {_CREDENTIALS}") from error
        except (boto.NoCredentialsError, boto.PartialCredentialsError) as error:
            raise SinkError(f"{self.shown}: no AWS credentials: {_CREDENTIALS}") from error
        except ResponseParserError as error:  # its text may quote the answer
            raise SinkError(f"{self.shown}: the answer is not the API's: check the endpoint") from error
        except boto.BotoCoreError as error:
            raise SinkError(f"{self.shown}: {_one_line(str(error))}{_local_fix(error)}") from error
        except RuntimeError as error:
            # botocore has no class of its own for credentials that are expired when it has just fetched them.
            if "refreshed credentials" not in str(error):
                raise
            raise SinkError(f"{self.shown}: expired AWS credentials: {_CREDENTIALS}") from error

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
        said = _one_line(message).rstrip(".") or "no reason given"
        line = f"{self.shown}: {code}: {said}{self._fix(code, message)}"
        is_refusal = _is_too_long(code, message) or _MALFORMED.search(code)
        return Refusal(line, is_certain=True) if is_refusal else line

    def _fix(self, code: str, message: str) -> str:
        if _DENIED.search(code):
            return f"; allow {self.action} on it (for an encrypted one also kms:GenerateDataKey and kms:Decrypt)"
        if _NOT_SIGNED_IN.search(code):
            return f"; {_CREDENTIALS}"
        if _MISSING.search(code):
            return f"; {self.if_missing}"
        if _is_too_long(code, message):
            return f"; {self.if_too_long}"
        return ""


def _is_too_long(code: str, message: str) -> bool:
    return bool(_TOO_LONG.search(code) and _ABOUT_SIZE.search(f"{code} {message}"))


def _local_fix(error: boto.BotoCoreError) -> str:
    if isinstance(error, boto.SSLError):
        return "; set aws.ca_bundle to the CA that signed the endpoint's certificate"
    is_unreachable = isinstance(error, boto.HTTPClientError | boto.ConnectionError)
    return "; check the network, aws.region and the sink's endpoint_url" if is_unreachable else ""


def _one_line(text: str) -> str:
    """The first line: a signature error goes on with the canonical request, session token included."""
    line = next(iter(text.strip().splitlines()), "")
    return _SECRETS.sub("***", line)[:_LONGEST]
