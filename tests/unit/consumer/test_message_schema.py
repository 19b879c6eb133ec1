"""The schema of a message: what fits is read, and what does not fit would be a dead letter or a mistake."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.unit.support.messages import ID, parse, refusal
from watcher.consumer.message_schema import message_schema

CHECK = Draft202012Validator(message_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"
NOBODYS: dict[str, Any] = {"sessionId": ID, "somebody": "else's"}

GOOD: list[dict[str, Any]] = [
    {"sessionId": ID},
    {"sessionId": ID, "createdAt": "2026-11-22T10:15:00Z"},
    {"sessionId": ID, "createdAt": "2026-11-22T11:15:00.123+01:00"},
    {"sessionId": ID, "policy": "payout"},
    {"sessionId": ID, "policy": "default", "context": {"orderId": 17, "deep": [{"": None}]}},
    {"sessionId": ID, "traceparent": TRACE},
    {"sessionId": ID, "complete": True},
    {"sessionId": ID, "complete": False},
    {"sessionId": ID, "createdAt": None, "policy": None, "context": None, "traceparent": None, "complete": None},
    NOBODYS,
]
DEAD: list[dict[str, Any]] = [
    {},
    {"sessionId": None},
    {"sessionId": 7},
    {"sessionId": "x"},
    {"sessionId": f"{ID}\n"},
    {"sessionId": ID.upper()},
    {"sessionid": ID},
    {"sessionId": ID, "policy": 7},
    {"sessionId": ID, "policy": ""},
    {"sessionId": ID, "context": "text"},
    {"sessionId": ID, "context": [1]},
]
PASSED_OVER: list[dict[str, Any]] = [
    {"sessionId": ID, "complete": "true"},
    {"sessionId": ID, "complete": 1},
    {"sessionId": ID, "createdAt": "yesterday"},
    {"sessionId": ID, "createdAt": "2026-11-22T10:15:00"},
    {"sessionId": ID, "createdAt": 1_750_000_000},
    {"sessionId": ID, "traceparent": "00-0-0-00"},
    {"sessionId": ID, "traceparent": f"ff{TRACE[2:]}"},
    {"sessionId": ID, "traceparent": f"00-{'0' * 32}-{'b' * 16}-01"},
]


def test_it_is_a_schema_with_a_text_for_each_member() -> None:
    schema = message_schema()
    Draft202012Validator.check_schema(schema)
    assert [name for name, member in schema["properties"].items() if not member.get("description")] == []


@pytest.mark.parametrize("message", GOOD, ids=str)
def test_what_fits_is_read(message: dict[str, Any]) -> None:
    CHECK.validate(message)
    assert not parse(message).ignored


@pytest.mark.parametrize("message", DEAD, ids=str)
def test_a_dead_letter_does_not_fit(message: dict[str, Any]) -> None:
    assert not CHECK.is_valid(message)
    assert refusal(message)


@pytest.mark.parametrize("message", PASSED_OVER, ids=str)
def test_a_member_that_would_be_passed_over_does_not_fit(message: dict[str, Any]) -> None:
    assert not CHECK.is_valid(message)
    assert parse(message).key.session_id == ID
