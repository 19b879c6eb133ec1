"""Turns what botocore raises for DynamoDB into a LedgerError that says what to do."""

from typing import Any

from botocore import exceptions as boto

from watcher.aws.error_codes import Kind
from watcher.aws.failure import Failure, Service, failure_of
from watcher.domain.errors import LedgerError

TEMPLATE = "deploy/aws/template.yaml"

_NO_LEDGER = f"the table has not the keys of a ledger: create one with {TEMPLATE}"
_SERVICE = Service(
    "DynamoDB",
    "aws.region and AWS_ENDPOINT_URL_DYNAMODB",
    resource="table",
    policy_hint=f", see the role in {TEMPLATE}",
    if_missing=f"check ledger.url and aws.region, or create the table with {TEMPLATE}",
)
_PASSING = (Kind.THROTTLED, Kind.UNAVAILABLE, Kind.SERVER_FAULT, Kind.CUT_OFF)
_LASTING = (Kind.DENIED, Kind.REFUSED, Kind.MISSING)
_NO_INDEX = ("not have the specified index", "Invalid index: ")
"""DynamoDB's wording, and that of compatible services."""

_CONDITION_FAILED = "ConditionalCheckFailedException"


class Refused(Exception):
    """A write whose condition failed; `standing` is the existing item, if the server returns it."""

    def __init__(self, standing: Any) -> None:
        super().__init__("the condition did not hold")
        self.standing = standing


class Unanswered(Exception):
    """A BatchGetItem that left every key unprocessed, as it does when the table's throughput is used up."""

    def __str__(self) -> str:
        return "throttled: it left every key unprocessed"


def is_passing(error: BaseException) -> bool:
    """Whether the same call may succeed a moment later: a throttle, a server error, a closed connection.

    A time-out does not count: it has taken long enough already.
    """
    if isinstance(error, Unanswered):
        return True
    failure = failure_of(error, _SERVICE, "")
    return (failure.passing_kind or failure.kind) in _PASSING


def refused(error: Exception) -> Refused | None:
    """`error` as a failed condition, if it is one."""
    if isinstance(error, boto.ClientError) and error.response.get("Error", {}).get("Code") == _CONDITION_FAILED:
        return Refused(error.response.get("Item"))
    return None


def translate(error: Exception, table: str) -> LedgerError:
    """The watcher's error for `error` (raise it `from error`): one line with table and fix, no credentials."""
    translated = LedgerError(f"ledger table {table!r} in DynamoDB: {_words(error)}")
    translated.is_lasting = failure_of(error, _SERVICE, "").kind in _LASTING
    return translated


def _words(error: Exception) -> str:
    if isinstance(error, Unanswered):
        return str(error)
    operation = error.operation_name if isinstance(error, boto.ClientError) else ""
    failure = failure_of(error, _SERVICE, f"dynamodb:{operation}")
    said = f"{operation}: {failure}" if operation and failure.kind is not Kind.NO_CREDENTIALS else str(failure)
    fix = _own_fix(failure)
    return f"{said}; {fix}" if fix else said


def _own_fix(failure: Failure) -> str:
    if any(words in failure.text for words in _NO_INDEX):
        return f"the table has no index of that name: add it as {TEMPLATE} has it, with the keys `log` and `sequence`"
    is_of_the_keys = failure.code == "ValidationException" and failure.kind is not Kind.TOO_LARGE
    return _NO_LEDGER if is_of_the_keys else ""
