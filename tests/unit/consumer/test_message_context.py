import json

import pytest

from tests.unit.support.messages import ID, event_of, parse, refusal
from watcher.consumer.message import MAX_DEPTH
from watcher.domain.errors import InvalidMessage
from watcher.domain.limits import MAX_CONTEXT_BYTES, MAX_MESSAGE_BYTES
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
    assert parse({"sessionId": ID, "context": {}}).context == NO_CONTEXT


def test_a_context_may_be_nested_to_the_limit_and_no_deeper() -> None:
    assert event_of(parse(nested(MAX_DEPTH)))
    assert refusal(nested(MAX_DEPTH + 1)).reason is DeadReason.INVALID_MESSAGE


@pytest.mark.parametrize("member", ["sessionId", "policy", "context", "createdAt", "detail", "x"])
def test_no_depth_of_nesting_ends_in_anything_but_a_refusal(member: str) -> None:
    for levels in (500, 900, 950, *range(960, 1001, 5), 5000, 40_000):
        body = f'{{"sessionId": "{ID}", "{member}": {"[" * levels}{"]" * levels}}}'
        detail = ""
        try:
            parse(body)
        except InvalidMessage as error:
            detail = str(error)
        assert len(detail) < 400, levels


def test_huge_integers_and_lone_surrogates_of_a_context_come_through_unharmed() -> None:
    request = parse(f'{{"sessionId": "{ID}", "context": {{"n": {"9" * 4000}, "s": "\\ud800", "\\udfff": 1}}}}')
    assert event_of(request)["data"]["context"] == {"n": int("9" * 4000), "s": "\ud800", "\udfff": 1}


def test_an_integer_too_long_to_read_is_an_invalid_message() -> None:
    body = f'{{"sessionId": "{ID}", "context": {{"n": {"9" * 5000}}}}}'
    assert refusal(body).reason is DeadReason.INVALID_MESSAGE


def with_context(context: str) -> str:
    return f'{{"sessionId": "{ID}", "context": {context}}}'


@pytest.mark.parametrize("context", ['{ "a" : [ 1 , {} ] }', '{"a":[1,{}]}', '{"\\u0061":[1,{}]}'])
def test_it_is_kept_as_compact_json(context: str) -> None:
    assert parse(with_context(context)).context == b'{"a":[1,{}]}'


def test_the_size_limit_of_a_context_is_to_the_byte() -> None:
    room = MAX_CONTEXT_BYTES - len('{"a":""}')
    assert len(parse(with_context(f'{{"a": "{"x" * room}"}}')).context) == MAX_CONTEXT_BYTES
    fault = refusal(with_context(f'{{"a": "{"x" * (room + 1)}"}}'))
    assert fault.reason is DeadReason.TOO_LARGE
    for part in ("context", str(MAX_CONTEXT_BYTES + 1), str(MAX_CONTEXT_BYTES)):
        assert part in str(fault)


@pytest.mark.parametrize("letters", ["\x7f", "\x80", "\u2028", "\uffff", "1e15,", "a\x7f"])
def test_what_grows_when_it_is_written_counts_as_it_is_written(letters: str) -> None:
    text = letters * (200_000 // len(letters.encode()))
    context = f'{{"a":[{text}1]}}' if "," in letters else json.dumps({"a": text}, ensure_ascii=False)
    body = with_context(context)
    assert len(body.encode()) < min(MAX_MESSAGE_BYTES, MAX_CONTEXT_BYTES)
    assert refusal(body).reason is DeadReason.TOO_LARGE


def test_blanks_and_escapes_of_the_message_do_not_count() -> None:
    blanks, escapes = " " * 200_000, "\\u0061" * 40_000
    assert parse(with_context(f'{{{blanks}"a": 1}}')).context == b'{"a":1}'
    assert len(parse(with_context(f'{{"a": "{escapes}"}}')).context) == 40_000 + len('{"a":""}')
