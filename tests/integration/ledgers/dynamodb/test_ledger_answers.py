import tracemalloc
import zlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    SSLError,
)

from tests.integration.support.scripted_dynamodb import WRITTEN, Script, answer, refusal
from tests.support import START, ManualClock, decision, session_id
from watcher.aws.errors import CredentialsUnavailable
from watcher.domain.errors import LedgerError
from watcher.domain.model import LedgerEntry
from watcher.ledgers.dynamodb.items import decompressed, fitting, key_of
from watcher.ledgers.dynamodb.ledger import DynamoDbLedger
from watcher.ledgers.reading import MOST_TEXT

CLOSED = ConnectionClosedError(endpoint_url="http://x")
THROTTLE = refusal("ThrottlingException", "Rate exceeded")
EVENT = decision(1)


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def scripted(opened: ExitStack, *answers: tuple[int, bytes] | Exception) -> tuple[DynamoDbLedger, Script]:
    script = Script(list(answers))
    return opened.enter_context(closing(DynamoDbLedger(script.client(), "decided", ManualClock()))), script


def stored(number: int = 1, outcome: str = "live") -> dict[str, Any]:
    return fitting(LedgerEntry(decision(number, outcome), START, "[1]", sequence=number))[0]


def failure(opened: ExitStack, *answers: tuple[int, bytes] | Exception) -> str:
    ledger, script = scripted(opened, *answers)
    with pytest.raises(LedgerError) as caught:
        ledger.find([EVENT.key])
    assert script.answers == []
    return str(caught.value)


@pytest.mark.parametrize("passing", [THROTTLE, CLOSED, refusal("InternalServerError", status=500), answer(b"", 503)])
def test_what_passes_by_itself_is_tried_again(opened: ExitStack, passing: tuple[int, bytes] | Exception) -> None:
    ledger, script = scripted(opened, passing, passing, answer(WRITTEN))
    (entry,) = ledger.record([(EVENT, "[]")])
    assert entry.event == EVENT
    assert len({str(request) for request in script.requests}) == 1


def test_a_throttle_that_stays_is_a_failure_that_names_the_table(opened: ExitStack) -> None:
    text = failure(opened, THROTTLE, THROTTLE, THROTTLE)
    assert text.startswith("ledger table 'decided' in DynamoDB: ")
    assert text.endswith("BatchGetItem: ThrottlingException: Rate exceeded")


def test_a_time_out_is_not_tried_again_here(opened: ExitStack) -> None:
    assert "Read timeout" in failure(opened, ReadTimeoutError(endpoint_url="http://x"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (refusal("ResourceNotFoundException"), "or create the table with deploy/aws/template.yaml"),
        (
            refusal("AccessDeniedException", "not authorized to perform: dynamodb:X"),
            "dynamodb:X; allow dynamodb:X on this table in the role's policy, see the role in deploy",
        ),
        (refusal("ValidationException", "does not match the schema"), "has not the keys of a ledger"),
        (
            refusal("ValidationException", "The table does not have the specified index: by-time"),
            "has no index of that name: add it as deploy/aws/template.yaml has it",
        ),
        (refusal("UnrecognizedClientException"), "check aws.profile, access key, secret and aws.region"),
        (refusal("ExpiredTokenException"), "renew the credentials"),
        (
            EndpointConnectionError(endpoint_url="http://x"),
            "check the network, aws.region and AWS_ENDPOINT_URL_DYNAMODB",
        ),
        (
            ReadTimeoutError(endpoint_url="http://x"),
            "check the network, aws.region and AWS_ENDPOINT_URL_DYNAMODB",
        ),
        (SSLError(endpoint_url="http://x", error="e"), "set aws.ca_bundle to the CA"),
        (
            ClientError({"Error": {"Code": "AccessDenied"}}, "AssumeRoleWithWebIdentity"),
            "and the trust policy of the role",
        ),
        (NoCredentialsError(), "check aws.profile and where the credentials come from"),
        (
            ClientError({"Error": {"Code": "403"}}, "Query"),
            "without an error code of the API; a proxy's? Check aws.region and AWS_ENDP",
        ),
        (answer(b"<html>hello</html>"), "the endpoint did not answer as DynamoDB"),
        (
            CredentialsUnavailable(text="no AWS credentials: none found"),
            "none found; check aws.profile",
        ),
        (TypeError("odd"), "the endpoint did not answer as DynamoDB"),
        (RuntimeError("odd"), "RuntimeError in "),
    ],
)
def test_a_failure_says_what_to_do(opened: ExitStack, given: tuple[int, bytes] | Exception, said: str) -> None:
    assert said in failure(opened, given)


@pytest.mark.parametrize("page", [b"", b"<html>hello</html>", b"[]"])
def test_a_page_from_somebody_else_is_no_success(opened: ExitStack, page: bytes) -> None:
    ledger, _ = scripted(opened, answer(page))
    with pytest.raises(LedgerError, match="did not answer as DynamoDB"):
        ledger.record([(EVENT, "[]")])


def test_an_answer_about_nothing_is_not_taken_for_none(opened: ExitStack) -> None:
    assert "did not answer as DynamoDB" in failure(opened, answer({}))


def test_a_failure_shows_no_credentials(opened: ExitStack) -> None:
    signature = refusal("InvalidSignatureException", "does not match\nx-amz-security-token:secret")
    assert "secret" not in failure(opened, signature).replace("access key, secret and", "")
    assert "hush" not in failure(opened, CredentialRetrievalError(provider="p", error_msg="hush"))
    assert "AKIAABCDEFGHIJKLMNOP" not in failure(opened, refusal("AccessDeniedException", "AKIAABCDEFGHIJKLMNOP no"))


def test_a_decision_is_written_if_there_is_none_and_the_refusal_is_to_show_it(opened: ExitStack) -> None:
    ledger, script = scripted(opened, answer(WRITTEN))
    ledger.record([(EVENT, "[]")])
    ((operation, request),) = script.requests
    assert operation == "PutItem"
    assert request["ConditionExpression"] == "attribute_not_exists(#id)"
    assert request["ExpressionAttributeNames"] == {"#id": "sessionId"}
    assert request["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
    assert request["ReturnConsumedCapacity"] == "TOTAL"


def test_the_standing_entry_comes_with_the_refusal(opened: ExitStack) -> None:
    ledger, script = scripted(opened, refusal("ConditionalCheckFailedException", Item=stored()))
    (entry,) = ledger.record([(decision(1, "not_live"), "[]")])
    assert (entry.event, entry.trail) == (decision(1, "live"), "[1]")
    assert len(script.requests) == 1


def test_the_standing_entry_is_read_from_a_server_that_does_not_show_it(opened: ExitStack) -> None:
    here = answer({"Responses": {"decided": [stored()]}})
    ledger, script = scripted(opened, refusal("ConditionalCheckFailedException"), here)
    (entry,) = ledger.record([(decision(1, "not_live"), "[]")])
    assert entry.event == decision(1, "live")
    assert script.requests[1] == (
        "BatchGetItem",
        {"RequestItems": {"decided": {"Keys": [key_of(EVENT.key)], "ConsistentRead": True}}},
    )


def test_an_entry_that_vanishes_between_two_calls_is_a_failure(opened: ExitStack) -> None:
    ledger, _ = scripted(opened, refusal("ConditionalCheckFailedException"), answer({"Responses": {}}))
    with pytest.raises(LedgerError, match="vanished"):
        ledger.record([(EVENT, "[]")])


def test_keys_left_unprocessed_are_asked_for_again(opened: ExitStack) -> None:
    def left(number: int) -> dict[str, Any]:
        return {"decided": {"Keys": [key_of(decision(number).key)], "ConsistentRead": True}}

    ledger, script = scripted(
        opened,
        answer({"Responses": {"decided": [stored(1)]}, "UnprocessedKeys": left(2)}),
        answer({"Responses": {"decided": []}, "UnprocessedKeys": left(2)}),
        answer({"Responses": {"decided": [stored(2)]}, "UnprocessedKeys": {}}),
    )
    assert len(ledger.find([decision(1).key, decision(2).key, decision(1).key])) == 2
    assert [len(request["RequestItems"]["decided"]["Keys"]) for _, request in script.requests] == [2, 1, 1]


def test_keys_that_stay_unprocessed_are_a_throttle(opened: ExitStack) -> None:
    left = answer({"UnprocessedKeys": {"decided": {"Keys": [key_of(EVENT.key)]}}})
    assert "throttled" in failure(opened, left, left, left)


def test_a_sessions_entries_are_read_as_they_are_now_and_to_the_last_page(opened: ExitStack) -> None:
    ledger, script = scripted(
        opened,
        answer({"Items": [stored(2)], "LastEvaluatedKey": key_of(EVENT.key)}),
        answer({"Items": []} | {"LastEvaluatedKey": key_of(decision(2).key)}),
        answer({"Items": [stored(1)]}),
    )
    assert [entry.sequence for entry in ledger.recent(10, session_id(1))] == [1, 2]
    assert all(request["ConsistentRead"] for _, request in script.requests)
    starts = [request.get("ExclusiveStartKey") for _, request in script.requests]
    assert starts == [None, key_of(EVENT.key), key_of(decision(2).key)]


def test_no_more_is_read_of_the_index_than_was_asked_for(opened: ExitStack) -> None:
    more = {"LastEvaluatedKey": key_of(EVENT.key)}
    ledger, script = scripted(
        opened,
        answer({"Items": [key_of(decision(2).key)], **more}),
        answer({"Items": [key_of(decision(1).key)], **more}),
        answer({"Responses": {"decided": [stored(2), stored(1)]}}),
    )
    assert [entry.sequence for entry in ledger.recent(2)] == [1, 2]
    assert [operation for operation, _ in script.requests] == ["Query", "Query", "BatchGetItem"]


def test_an_item_that_is_no_entry_is_neither_handed_on_nor_written_over(opened: ExitStack) -> None:
    damaged, sound = key_of(EVENT.key), stored(2)
    here = answer({"Responses": {"decided": [damaged, sound]}})
    ledger, _ = scripted(opened, here, refusal("ConditionalCheckFailedException", Item=damaged))
    found = ledger.find([EVENT.key, decision(2).key])
    assert ("damaged" in found[EVENT.key].fault, found[decision(2).key].fault) == (True, "")
    [standing] = ledger.record([(EVENT, "[]")])
    assert "damaged" in standing.fault


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("body", {"S": "no event"}),
        ("body", {"B": "AAAA"}),
        ("recordedAt", {"N": "NaN"}),
        ("recordedAt", {"N": "1e999"}),
        ("sequence", {"N": "NaN"}),
        ("sequence", {"N": "1e99999999"}),
        ("sequence", {"N": "many"}),
        ("delivered", {"M": {"s": {"N": ["1"]}}}),
        ("trail", {"N": "1"}),
        ("settledAt", {"S": "x"}),
    ],
)
def test_an_item_with_an_odd_attribute_blocks_no_other(opened: ExitStack, name: str, value: object) -> None:
    here = answer({"Responses": {"decided": [{**stored(), name: value}, stored(2)]}})
    ledger, _ = scripted(opened, here)
    found = ledger.find([EVENT.key, decision(2).key])
    assert (bool(found[EVENT.key].fault), found[decision(2).key].fault) == (True, "")


def test_a_text_that_grows_without_end_is_not_unpacked() -> None:
    with pytest.raises(ValueError, match="larger"):
        decompressed({"B": zlib.compress(b"0" * (MOST_TEXT + 1))})
    assert decompressed({"B": zlib.compress(b"0" * 1000)}) == "0" * 1000


@pytest.mark.parametrize("name", ["body", "trail"])
def test_an_item_that_unpacks_to_390_mb_is_unreadable_and_stays_small(opened: ExitStack, name: str) -> None:
    packer = zlib.compressobj(9)
    bomb = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(390)), packer.flush()])
    assert len(bomb) < 400_000  # it fits into an item
    here = answer({"Responses": {"decided": [{**stored(), name: {"B": b64encode(bomb).decode()}}, stored(2)]}})
    ledger, _ = scripted(opened, here)
    tracemalloc.start()
    try:
        found = ledger.find([EVENT.key, decision(2).key])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (bool(found[EVENT.key].fault), found[decision(2).key].fault) == (True, "")
    assert peak < 16 * MOST_TEXT


@pytest.mark.parametrize("items", [[{}], [7], [{"sessionId": {"N": "1"}, "policy": {"S": "p"}}], {"a": 1}, "x"])
def test_an_answer_that_names_no_session_is_a_failure(opened: ExitStack, items: object) -> None:
    assert "decided" in failure(opened, answer({"Responses": {"decided": items}}))


def test_an_empty_session_id_has_no_entries(opened: ExitStack) -> None:
    ledger, _ = scripted(opened)
    assert ledger.recent(10, "") == []
