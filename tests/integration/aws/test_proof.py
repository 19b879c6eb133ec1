"""Successes in which the service says nothing: over real clients, whose answers are written down."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from zlib import crc32

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.parsers import ResponseParserError

from tests.integration.support.scripted_dynamodb import Script, answer
from tests.support import ManualClock, decision
from watcher.aws.call_deadline import HANDLER_ID
from watcher.aws.client import build_client
from watcher.aws.proof import require_proof
from watcher.config import AwsSettings
from watcher.domain.errors import LedgerError
from watcher.ledgers.dynamodb.ledger import DynamoDbLedger

QUEUE = "http://127.0.0.1:1/1/q"
ENTRY = {"Id": "0", "Message": "x"}
CALLS: dict[tuple[str, str], dict[str, Any]] = {
    ("sqs", "receive_message"): {"QueueUrl": QUEUE},
    ("sqs", "get_queue_attributes"): {"QueueUrl": QUEUE},
    ("sqs", "get_queue_url"): {"QueueName": "q"},
    ("sqs", "delete_message_batch"): {"QueueUrl": QUEUE, "Entries": [{"Id": "0", "ReceiptHandle": "r"}]},
    ("sqs", "change_message_visibility_batch"): {"QueueUrl": QUEUE, "Entries": [{"Id": "0", "ReceiptHandle": "r"}]},
    ("sqs", "send_message_batch"): {"QueueUrl": QUEUE, "Entries": [{"Id": "0", "MessageBody": "b"}]},
    ("sns", "publish_batch"): {"TopicArn": "arn:aws:sns:us-east-1:1:t", "PublishBatchRequestEntries": [ENTRY]},
    ("sns", "get_topic_attributes"): {"TopicArn": "arn:aws:sns:us-east-1:1:t"},
    ("events", "put_events"): {"Entries": [{"Source": "s", "DetailType": "t", "Detail": "{}"}]},
    ("events", "describe_event_bus"): {"Name": "b"},
    ("dynamodb", "put_item"): {"TableName": "t", "Item": {"sessionId": {"S": "x"}}},
    ("dynamodb", "update_item"): {"TableName": "t", "Key": {"sessionId": {"S": "x"}}},
    ("dynamodb", "query"): {"TableName": "t"},
    ("dynamodb", "batch_get_item"): {"RequestItems": {"t": {"Keys": [{"sessionId": {"S": "x"}}]}}},
}
PAGES = (
    b"",
    b"OK",
    b"<html><body>Please sign in</body></html>",
    b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>sign in</body></html>',
    b'{"message": "blocked"}',
    b"[]",
    b"null",
)


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._body


def call(service: str, operation: str, body: bytes, **headers: str) -> Any:
    """What a client makes of a success with this body."""
    client = build_client(service, AwsSettings(sign_request=False), "http://127.0.0.1:1", concurrency=1)

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, 200, {"Content-Type": "text/html", **headers}, _Raw(body))

    client.meta.events.unregister("before-send", unique_id=HANDLER_ID)
    client.meta.events.register("before-send", send)
    require_proof(client)
    with closing(client):
        return getattr(client, operation)(**CALLS[service, operation])


@pytest.mark.parametrize(("service", "operation"), CALLS)
def test_a_page_is_no_answer(service: str, operation: str) -> None:
    for page in PAGES:
        with pytest.raises(ResponseParserError):
            call(service, operation, page)


@pytest.mark.parametrize(("service", "operation"), [one for one in CALLS if one[1] != "receive_message"])
def test_an_empty_object_proves_nothing(service: str, operation: str) -> None:
    with pytest.raises(ResponseParserError):
        call(service, operation, b"{}")


@pytest.mark.parametrize("operation", ["put_item", "update_item"])
def test_a_write_is_proven_by_the_id_of_its_request_but_not_for_a_page(operation: str) -> None:
    identified = {"x-amzn-RequestId": "1"}
    assert call("dynamodb", operation, b"{}", **identified)["ResponseMetadata"]["RequestId"] == "1"
    for page in PAGES:
        with pytest.raises(ResponseParserError):
            call("dynamodb", operation, page, **identified)


@pytest.mark.parametrize("body", [{}, {"Messages": []}, {"Messages": None}])
def test_a_queue_may_be_empty(body: object) -> None:
    assert not call("sqs", "receive_message", json.dumps(body).encode()).get("Messages")


@pytest.mark.parametrize("body", [{}, {"message": "blocked"}])
def test_a_decision_counts_as_recorded_only_if_dynamodb_says_something(body: object) -> None:
    ledger = DynamoDbLedger(Script([answer(body)] * 3).client(), "decided", ManualClock())
    with closing(ledger), pytest.raises(LedgerError, match="did not answer as DynamoDB"):
        ledger.record([(decision(1), "[]")])
    ledger = DynamoDbLedger(Script([answer(body)] * 3).client(), "decided", ManualClock())
    with closing(ledger), pytest.raises(LedgerError, match="did not answer as DynamoDB"):
        ledger.mark_acked([decision(1).key])


@pytest.mark.parametrize(
    "encoded",
    [json.dumps({"Messages": [{"MessageId": "m"}]}).encode(code) for code in ("utf-8-sig", "utf-16-le", "utf-32-be")],
    ids=["byte order mark", "UTF-16", "UTF-32"],
)
def test_messages_in_an_encoding_that_botocore_does_not_read_are_not_an_empty_queue(encoded: bytes) -> None:
    with pytest.raises(ResponseParserError):
        call("sqs", "receive_message", encoded)


@pytest.mark.parametrize(("checksum", "is_whole"), [("903609271", False), ("x", False), (None, True)])
def test_an_answer_with_another_checksum_is_damaged(checksum: str | None, is_whole: bool) -> None:
    body = b'{"Responses": {"t": []}}'
    headers = {"x-amz-crc32": str(crc32(body)) if checksum is None else checksum}
    if is_whole:
        assert call("dynamodb", "batch_get_item", body, **headers)["Responses"] == {"t": []}
        return
    with pytest.raises(ResponseParserError, match="damaged"):
        call("dynamodb", "batch_get_item", body, **headers)
