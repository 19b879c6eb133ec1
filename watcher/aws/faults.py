"""What a call over a botocore client raises, and how it is told: the same for every service.

What a fault means, and what is to be done about it, is each adapter's own business.
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from watcher.urls import without_secrets

T = TypeVar("T")

FAULTS: tuple[type[Exception], ...] = (boto.BotoCoreError, boto.ClientError, ResponseParserError)
"""What botocore raises on purpose, but for `CredentialsExpired`: see `attempt`."""

CREDENTIALS_FIX = "check aws.profile and where the credentials come from"
CA_FIX = "set aws.ca_bundle to the CA that signed the endpoint's certificate"

LONGEST_TEXT = 300
"""Characters of a foreign text that are shown."""

_STALE = "refreshed credentials"
_URL = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
_SECRETS = re.compile(r"(?<=//)[^/\s]+@|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b")


class CredentialsExpired(boto.BotoCoreError):  # type: ignore[misc] # botocore has no types
    """Credentials that are expired when they have just been fetched: botocore has no class of its own for them."""

    fmt = "{error}"


NO_CREDENTIALS: tuple[type[Exception], ...] = (
    CredentialsExpired,
    boto.InvalidConfigError,
    boto.NoAuthTokenError,
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.ProfileNotFound,
    boto.RefreshWithMFAUnsupportedError,
    boto.SSOError,
    boto.TokenRetrievalError,
    # `aws login` is newer than the oldest botocore that the watcher runs with.
    getattr(boto, "LoginError", boto.SSOError),
)
"""Credentials that are missing or wrong, which the operator has to mend. CredentialRetrievalError is none of these:
their source (instance metadata, STS, a process) did not answer now, which is transient."""


def attempt(work: Callable[[], T], translate: Callable[[Exception], Exception]) -> T:
    """What `work`, one call over a client, returns; what it raises on purpose becomes what `translate` makes of it.

    Any other exception is a bug, and surfaces as one.
    """
    try:
        return work()
    except FAULTS as error:
        raise translate(error) from error
    except RuntimeError as error:
        if _STALE not in str(error):
            raise
        raise translate(CredentialsExpired(error=error)) from error


def unfetched(error: Any) -> str:
    """The words for a CredentialRetrievalError; its own text may quote what a credential process printed."""
    return f"no credentials from {error.kwargs.get('provider', 'their source')} at the moment"


def one_line(error: object) -> str:
    """The first line of a text, without access keys and without what URLs in it may carry (user, password, query).

    The first only: a signature error goes on with the canonical request, session token included.
    """
    line = next(iter(str(error).strip().splitlines()), "")
    told = _URL.sub(lambda url: without_secrets(url[0]), line)
    return _SECRETS.sub("***", told)[:LONGEST_TEXT]
