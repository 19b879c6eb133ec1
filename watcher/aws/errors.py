"""What a call over a botocore client raises, and its text: the same for every service.

`watcher.aws.failure` has its meaning; each adapter decides what to do about it.
"""

import os
import re
from collections.abc import Callable
from pathlib import PurePath
from typing import TypeVar

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from watcher.bounded_http.errors import HttpError
from watcher.domain.errors import WatcherError
from watcher.util.error_class import origin_of
from watcher.util.urls import without_secrets

T = TypeVar("T")

LONGEST_TEXT = 300
"""Maximum characters of a foreign text that are shown."""

_URL = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
# User and password, an access key id, and runs that only a token (or an image) can be as long as.
_SECRETS = re.compile(r"(?<=//)[^/\s]+@|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|[A-Za-z0-9+/=]{100,}")


class CredentialsUnavailable(boto.BotoCoreError):  # type: ignore[misc] # botocore has no types
    """No credentials to sign with: none were found, or their source failed. `text` is in our own words."""

    fmt = "{text}"


class UnreadableResponse(ResponseParserError):  # type: ignore[misc] # botocore has no types
    """A response that is not the API's, or exceeds a limit. The text is in our own words and does not quote it."""


NO_CREDENTIALS: tuple[type[Exception], ...] = (
    CredentialsUnavailable,
    boto.CredentialRetrievalError,
    boto.InvalidConfigError,
    boto.NoAuthTokenError,
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.ProfileNotFound,
    boto.RefreshWithMFAUnsupportedError,
    boto.SSOError,
    boto.TokenRetrievalError,
    # `aws login` is newer than the oldest botocore that the watcher supports.
    getattr(boto, "LoginError", boto.SSOError),
)
"""Nothing to sign with, whatever the reason: only the operator can fix it, and it says nothing about a session. Our
own clients raise only the first; a session that looks credentials up itself (`watcher get`) raises the others."""

UNREADABLE: tuple[type[Exception], ...] = (
    ResponseParserError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What botocore raises for an answer that is not the API's, on purpose or by accident."""

_NETWORK = (
    boto.ConnectTimeoutError,
    boto.ConnectionClosedError,
    boto.EndpointConnectionError,
    boto.ProxyConnectionError,
    boto.ReadTimeoutError,
    boto.SSLError,
)
"""Errors whose text has an address and a cause, but nothing that was sent."""

_OWN = (CredentialsUnavailable, HttpError, UnreadableResponse)
"""Our own errors, whose text quotes no header, credential or response."""


def attempt(work: Callable[[], T], translate: Callable[[Exception], Exception]) -> T:
    """The result of `work`, one call over a client; `translate` turns whatever it raises into our error.

    A call runs through foreign code (signing, credential sources, parsers) that may raise errors of any class on odd
    input. They belong to the call, so `work` must be the call and nothing else: a bug in our own logic around it must
    surface.
    """
    try:
        return work()
    except Exception as error:
        fault = translate(error)
        if isinstance(fault, WatcherError):
            fault.origin = origin_of(error)
        raise fault from error


def one_line(error: object) -> str:
    """One line without secrets from a foreign text or an exception.

    For a text, its first line: a signature error continues with the canonical request, including the session token.
    For an exception, its text only if that is known to quote nothing that was sent or printed (see `_words`).
    """
    text = _words(error) if isinstance(error, BaseException) else str(error)
    line = next(iter(text.strip().splitlines()), "")
    told = _URL.sub(lambda url: without_secrets(url[0]), line)
    shown = _SECRETS.sub("***", told)[:LONGEST_TEXT]
    return "".join(char if char.isprintable() else "\ufffd" for char in shown)


def _words(error: BaseException) -> str:
    """An exception's own text for the few safe kinds, else its class and where it was raised.

    Others may quote a header, a token, or a credential process's output.
    """
    kind = type(error).__name__
    if isinstance(error, (*_OWN, *_NETWORK)):
        return str(error)
    if isinstance(error, NO_CREDENTIALS):
        return f"no AWS credentials: {kind}"
    if isinstance(error, ResponseParserError):
        return "the answer is not the API's"
    if isinstance(error, OSError) and error.errno:
        return f"{kind}: {os.strerror(error.errno)}"
    if isinstance(error, boto.HTTPClientError):
        cause = error.kwargs.get("error")
        return f"{kind}: {_words(cause)}" if isinstance(cause, Exception) else kind
    return kind if isinstance(error, boto.BotoCoreError) else f"{kind} in {_place(error)}"


def _place(error: BaseException) -> str:
    """File and line where an exception was raised: what a bug report needs, without any value."""
    trace = error.__traceback__
    if trace is None:
        return "an unknown place"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{'/'.join(PurePath(trace.tb_frame.f_code.co_filename).parts[-2:])}:{trace.tb_lineno}"
