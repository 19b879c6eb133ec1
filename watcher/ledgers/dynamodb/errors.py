"""From what botocore raises on DynamoDB's behalf to a LedgerError that says what to do."""

from typing import Any

from botocore import exceptions as boto

from watcher.aws.errors import CA_FIX, CREDENTIALS_FIX, NO_CREDENTIALS, UNREADABLE, one_line
from watcher.domain.errors import LedgerError

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
_LOCAL = (
    (boto.SSLError, CA_FIX),
    ((boto.ConnectionError, boto.HTTPClientError), f"check {_ENDPOINT}, and the network"),
    (NO_CREDENTIALS, CREDENTIALS_FIX),
)
_NO_INDEX = ("not have the specified index", "Invalid index: ")
"""DynamoDB's words, and those of its imitations."""


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
        message = one_line(error.response.get("Error", {}).get("Message") or "no reason given")
        return f"{error.operation_name}: {_code(error)}: {message}{_fix(error)}"
    if isinstance(error, Unanswered):
        return str(error)
    if isinstance(error, UNREADABLE):
        return f"an answer that is not DynamoDB's; check {_ENDPOINT}"
    for kind, fix in _LOCAL:
        if isinstance(error, kind):
            return f"{one_line(error)}; {fix}"
    return one_line(error)


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
