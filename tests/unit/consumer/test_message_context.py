import pytest

from tests.unit.support.messages import ID, event_of, parse, refusal
from watcher.consumer.message import MAX_DEPTH
from watcher.domain.errors import InvalidMessage
from watcher.domain.model import NO_CONTEXT, DeadReason


def nested(levels: int, opening: str = '{"a":', closing: str = "}") -> str:
    return f'{{"sessionId": "{ID}", "context": {opening * levels}1{closing * levels}}}'


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_context_with_a_number_that_json_does_not_have_is_an_invalid_message(number: str) -> None:
    error = refusal(f'{{"sessionId": "{ID}", "context": {{"a": [{number}]}}}}')
    assert error.reason is DeadReason.INVALID_MESSAGE
    assert "finite" in str(error)


@pytest.mark.parametrize("context", [[], "text", 0, False, "", [1]])
def test_a_context_that_is_no_object_is_an_invalid_message(context: object) -> None:
    assert refusal({"sessionId": ID, "context": context}).reason is DeadReason.INVALID_MESSAGE


def test_all_sessions_without_a_context_share_one() -> None:
    assert parse(ID).context is parse({"sessionId": ID, "context": None}).context is NO_CONTEXT


def test_a_context_may_be_nested_to_the_limit_and_no_deeper() -> None:
    assert event_of(parse(nested(MAX_DEPTH)))
    assert refusal(nested(MAX_DEPTH + 1)).reason is DeadReason.INVALID_MESSAGE


@pytest.mark.parametrize("levels", [500, 900, 950, *range(960, 1001, 5), 5000, 40_000])
@pytest.mark.parametrize("member", ["sessionId", "policy", "context", "createdAt", "detail", "x"])
def test_no_depth_of_nesting_ends_in_anything_but_a_refusal(levels: int, member: str) -> None:
    body = f'{{"sessionId": "{ID}", "{member}": {"[" * levels}{"]" * levels}}}'
    detail = ""
    try:
        parse(body)
    except InvalidMessage as error:
        detail = str(error)
    assert len(detail) < 400


def test_huge_integers_and_lone_surrogates_of_a_context_come_through_unharmed() -> None:
    request = parse(f'{{"sessionId": "{ID}", "context": {{"n": {"9" * 4000}, "s": "\\ud800", "\\udfff": 1}}}}')
    assert event_of(request)["data"]["context"] == {"n": int("9" * 4000), "s": "\ud800", "\udfff": 1}


def test_an_integer_too_long_to_read_is_an_invalid_message() -> None:
    body = f'{{"sessionId": "{ID}", "context": {{"n": {"9" * 5000}}}}}'
    assert refusal(body).reason is DeadReason.INVALID_MESSAGE
