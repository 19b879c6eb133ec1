"""Calls of the table: what is tried again, and whose answers are taken."""

from contextlib import ExitStack
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.integration.support.scripted_dynamodb import WRITTEN, answer, refusal
from tests.integration.support.scripted_ledger import CLOSED, EVENT, THROTTLE, failure, scripted, stored
from tests.support import decision, session_id
from watcher.domain.errors import LedgerError
from watcher.ledgers.dynamodb.items import key_of


@pytest.mark.parametrize("passing", [THROTTLE, CLOSED, refusal("InternalServerError", status=500), answer(b"", 503)])
def test_what_passes_by_itself_is_tried_again(opened: ExitStack, passing: tuple[int, bytes] | Exception) -> None:
    ledger, script = scripted(opened, passing, passing, answer(WRITTEN))
    (entry,) = ledger.record([(EVENT, "[]")])
    assert entry.event == EVENT
    assert len({str(request) for request in script.requests}) == 1


def test_a_time_out_is_not_tried_again_here(opened: ExitStack) -> None:
    assert "Read timeout" in failure(opened, ReadTimeoutError(endpoint_url="http://x"))


@pytest.mark.parametrize("page", [b"", b"<html>hello</html>", b"[]"])
def test_a_page_from_somebody_else_is_no_success(opened: ExitStack, page: bytes) -> None:
    ledger, _ = scripted(opened, answer(page))
    with pytest.raises(LedgerError, match="did not answer as DynamoDB"):
        ledger.record([(EVENT, "[]")])


def test_an_answer_about_nothing_is_not_taken_for_none(opened: ExitStack) -> None:
    assert "did not answer as DynamoDB" in failure(opened, answer({}))


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
        answer({"Items": [stored(1) | {"sequence": {"N": "2"}}], "LastEvaluatedKey": key_of(EVENT.key)}),
        answer({"Items": []} | {"LastEvaluatedKey": key_of(decision(2).key)}),
        answer({"Items": [stored(1)]}),
    )
    assert [entry.sequence for entry in ledger.recent(10, session_id(1))] == [1, 2]
    assert all(request["ConsistentRead"] for _, request in script.requests)
    starts = [request.get("ExclusiveStartKey") for _, request in script.requests]
    assert starts == [None, key_of(EVENT.key), key_of(decision(2).key)]


@pytest.mark.parametrize("items", [[{}], [7], [{"sessionId": {"N": "1"}, "policy": {"S": "p"}}], {"a": 1}, "x"])
def test_an_answer_that_names_no_session_is_a_failure(opened: ExitStack, items: object) -> None:
    assert "decided" in failure(opened, answer({"Responses": {"decided": items}}))


@pytest.mark.parametrize("is_shown", [True, False], ids=["with the refusal", "read afterwards"])
def test_a_session_never_gets_the_standing_entry_of_another(opened: ExitStack, is_shown: bool) -> None:
    code, read = "ConditionalCheckFailedException", answer({"Responses": {"decided": [stored(2)]}})
    answers = [refusal(code, Item=stored(2))] if is_shown else [refusal(code), read]
    ledger, _ = scripted(opened, *answers)
    with pytest.raises(LedgerError, match="not asked for"):
        ledger.record([(EVENT, "[]")])


def test_an_item_that_was_not_asked_for_is_a_failure(opened: ExitStack) -> None:
    assert "not asked for" in failure(opened, answer({"Responses": {"decided": [stored(1), stored(2)]}}))
    ledger, _ = scripted(opened, answer({"Items": [stored(2)]}))
    with pytest.raises(LedgerError, match="not asked for"):
        ledger.recent(10, session_id(1))


def test_pages_without_an_end_end(opened: ExitStack) -> None:
    ledger, script = scripted(opened)
    script.respond = lambda *_: answer({"Items": [], "LastEvaluatedKey": key_of(EVENT.key)})
    with pytest.raises(LedgerError, match="more than 1000 pages"):
        ledger.recent(10)
    assert len(script.requests) == 1000
