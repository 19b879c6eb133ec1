"""From what botocore raises on DynamoDB's behalf to a LedgerError that says what to do."""

import re
from typing import Any

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from watcher.errors import LedgerError

TEMPLATE = "deploy/aws/template.yaml"

_THROTTLED = (
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
)
_ENDPOINT = "aws.region and AWS_ENDPOINT_URL_DYNAMODB"

_RENEW = "renew the credentials"
_CHECK_KEYS = "check access key, secret, aws.region and this machine's clock"
_FIXES = {
    # STS's own, from asking for the role's credentials.
    "AccessDenied": f"see the trust policy of the role in {TEMPLATE}",
    "AccessDeniedException": f"allow it in the role's policy, see the role in {TEMPLATE}",
    "ExpiredToken": _RENEW,
    "ExpiredTokenException": _RENEW,
    "IncompleteSignatureException": _CHECK_KEYS,
    "InvalidClientTokenId": _CHECK_KEYS,
    "InvalidSignatureException": _CHECK_KEYS,
    "MissingAuthenticationTokenException": "give credentials, or leave aws.sign_request on",
    "UnrecognizedClientException": _CHECK_KEYS,
}
_NO_CREDENTIALS = (
    RuntimeError,  # credentials that are expired when they have just been fetched, see `Table`
    boto.NoAuthTokenError,
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.ProfileNotFound,
    boto.SSOError,
    boto.TokenRetrievalError,
)
_LOCAL = (
    (boto.SSLError, "set aws.ca_bundle to the CA that signed the endpoint's certificate"),
    ((boto.ConnectionError, boto.HTTPClientError), f"check {_ENDPOINT}, and the network"),
    (_NO_CREDENTIALS, "check aws.profile and where the credentials come from"),
)
_NO_INDEX = ("not have the specified index", "Invalid index: ")
"""DynamoDB's words, and those of its imitations."""

_SECRETS = re.compile(r"(?<=//)[^/\s@]+@|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b")
_LONGEST_TEXT = 300


class Refused(Exception):
    """A write whose condition did not hold; `standing` is the item that was there, if the server shows it."""

    def __init__(self, standing: Any) -> None:
        super().__init__("the condition did not hold")
        self.standing = standing


class Unanswered(Exception):
    """A BatchGetItem that left every key for later, as it does when the table's throughput is used up."""

    def __str__(self) -> str:
        return "throttled: it left every key unprocessed"


def is_passing(error: BaseException) -> bool:
    """Whether the same call may well succeed a moment later: a throttle, a fault of the server, a closed connection.

    A time-out is none of them: it has taken long enough already.
    """
    if isinstance(error, boto.ClientError):
        return _code(error) in _THROTTLED or _status(error) >= 500 or _status(error) == 429
    return isinstance(error, boto.ConnectionClosedError | Unanswered)


def refused(error: Exception) -> Refused | None:
    """`error` as a refused condition, if that is what it is."""
    if isinstance(error, boto.ClientError) and _code(error) == "ConditionalCheckFailedException":
        return Refused(error.response.get("Item"))
    return None


def translate(error: Exception, table: str) -> LedgerError:
    """The watcher's error for `error` (raise it `from error`): one line with table and fix, no credentials."""
    return LedgerError(f"ledger table {table!r} in DynamoDB: {_words(error)}")


def _words(error: Exception) -> str:
    if isinstance(error, boto.ClientError):
        if not _code(error) or _code(error).isdigit():  # botocore puts the HTTP status where a body has no code
            return f"{error.operation_name}: HTTP {_status(error)} without an error code; check {_ENDPOINT}"
        message = _one_line(error.response.get("Error", {}).get("Message") or "")
        return f"{error.operation_name}: {_code(error)}: {message}{_fix(error)}"
    if isinstance(error, boto.CredentialRetrievalError):
        # Its own text may quote what a credential process printed.
        return f"no credentials from {error.kwargs.get('provider', 'their source')} at the moment"
    if isinstance(error, ResponseParserError):
        return f"an answer that is not DynamoDB's; check {_ENDPOINT}"
    for kind, fix in _LOCAL:
        if isinstance(error, kind):
            return f"{_one_line(error)}; {fix}"
    return _one_line(error)


def _fix(error: Any) -> str:
    code, text = _code(error), str(error)
    if any(words in text for words in _NO_INDEX):
        return (
            f"; the table has no index of that name: add it as {TEMPLATE} has it, with the keys `log` and `sequence`"
        )
    if code == "ResourceNotFoundException":
        return f"; check ledger.url and aws.region, or create the table with {TEMPLATE}"
    if code == "ValidationException" and "size has exceeded" not in text:
        return f"; the table has not the keys of a ledger: create one with {TEMPLATE}"
    return f"; {_FIXES[code]}" if code in _FIXES else ""


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code") or "")


def _status(error: Any) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _one_line(error: object) -> str:
    """The first line of a text: a signature error goes on with the canonical request, session token included."""
    line = next(iter(str(error).strip().splitlines()), "")
    return _SECRETS.sub("***", line)[:_LONGEST_TEXT]
