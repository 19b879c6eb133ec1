"""The one table of AWS's error codes, against the service models and against the source."""

import ast
from collections import Counter

import pytest
from botocore import session

from tests.unit.support.source import ROOT, nodes_of
from watcher.aws.error_codes import PASSING, ROWS, Kind, bare_code, codes_of, kind_of_status, meaning_of

CODES = [code for _, codes, _ in ROWS for code in codes.split()]
ADAPTERS = ("rekognition", "queues", "ledgers", "sinks")
CALLED = {
    "rekognition": ["GetFaceLivenessSessionResults"],
    "sqs": [
        "ChangeMessageVisibilityBatch",
        "DeleteMessageBatch",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ReceiveMessage",
        "SendMessageBatch",
    ],
    "sns": ["GetTopicAttributes", "PublishBatch"],
    "events": ["DescribeEventBus", "PutEvents"],
    "dynamodb": ["BatchGetItem", "PutItem", "Query", "UpdateItem"],
}
OF_OTHER_CALLS = {
    # Batches that are put together wrongly, and attributes that there are not.
    "BatchEntryIdsNotDistinct",
    "EmptyBatchRequest",
    "InvalidAttributeName",
    "InvalidBatchEntryId",
    "TooManyEntriesInBatchRequest",
    "UnsupportedOperation",
    # Of telephones and apps that SNS sends to.
    "EndpointDisabled",
    "PlatformApplicationDisabled",
    # Of transactions, and of tables in several regions at once; the first is how the ledger finds a decision.
    "ConditionalCheckFailedException",
    "ReplicatedWriteConflictException",
    "TransactionConflictException",
    # Rekognition's own, in its adapter.
    "SessionNotFoundException",
}


def modelled() -> set[str]:
    """The codes that the service models have for the calls that the watcher makes."""
    models = {service: session.Session().get_service_model(service) for service in CALLED}
    shapes = (
        shape
        for service, names in CALLED.items()
        for name in names
        for shape in models[service].operation_model(name).error_shapes
    )
    return {bare_code(shape.error_code) for shape in shapes}


def test_every_error_in_the_service_models_has_a_meaning() -> None:
    assert {code for code in modelled() if meaning_of(code).kind is Kind.UNKNOWN} == OF_OTHER_CALLS


def test_no_code_has_two_meanings() -> None:
    assert [code for code, count in Counter(CODES).items() if count > 1] == []
    assert [code for code in CODES if bare_code(code) != code] == []


def test_no_adapter_has_a_table_of_its_own() -> None:
    everywhere = codes_of(Kind.THROTTLED) | codes_of(Kind.KEYS_REJECTED) | codes_of(Kind.DENIED) - {"OverLimit"}
    again = [
        f"{path.relative_to(ROOT)}: {node.value}"
        for folder in ADAPTERS
        for path in (ROOT / folder).rglob("*.py")
        for node in nodes_of(path)
        if isinstance(node, ast.Constant) and node.value in everywhere
    ]
    assert again == ["queues/sqs/errors.py: OverLimit"]  # whose fix names a setting of the queue


def test_what_neither_passes_nor_concerns_a_permission_has_a_fix() -> None:
    of_the_adapter = {Kind.DENIED, Kind.MISSING, Kind.INVALID}
    without = {code for code in CODES if not meaning_of(code).fix}
    assert {code for code in without if meaning_of(code).kind not in PASSING | of_the_adapter} <= {"OverLimit"}


@pytest.mark.parametrize(
    ("code", "bare"),
    [
        ("AWS.SimpleQueueService.NonExistentQueue", "NonExistentQueue"),
        ("com.amazonaws.dynamodb.v20120810#ThrottlingException", "ThrottlingException"),
        ("KMS.AccessDeniedException", "KmsAccessDenied"),
        ("KMSAccessDenied", "KmsAccessDenied"),
        ("KmsAccessDenied", "KmsAccessDenied"),
        ("KMS.ThrottlingException", "KmsThrottled"),
        ("KMSThrottling", "KmsThrottled"),
        ("KmsThrottled", "KmsThrottled"),
        ("KMS.NotFoundException", "KmsNotFound"),
        (None, ""),
        (["x"], "['x']"),
    ],
)
def test_a_code_has_one_name_whichever_protocol_it_came_by(code: object, bare: str) -> None:
    assert bare_code(code) == bare


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("NewThrottledException", Kind.THROTTLED),
        ("MessagesLimitExceeded", Kind.THROTTLED),
        ("TopicAccessDenied", Kind.DENIED),
        ("ExpiredTokenFault", Kind.KEYS_REJECTED),
        ("StreamDoesNotExist", Kind.MISSING),
        ("NotFoundException", Kind.MISSING),
        ("EntryTooLarge", Kind.INVALID),
        ("SomethingNew", Kind.UNKNOWN),
        ("", Kind.UNKNOWN),
    ],
)
def test_a_code_that_is_newer_than_the_table_is_known_by_its_words(code: str, kind: Kind) -> None:
    assert meaning_of(code).kind is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (0, None),
        (200, None),
        (400, None),
        (403, None),
        (429, Kind.THROTTLED),
        (500, Kind.SERVER_FAULT),
        (503, Kind.UNAVAILABLE),
        (504, Kind.SERVER_FAULT),
    ],
)
def test_a_status_tells_what_passes(status: int, kind: Kind | None) -> None:
    assert kind_of_status(status) is kind
