"""The shared parts of the schemas, as a validator of JSON Schema reads them."""

import re

import pytest
from jsonschema import Draft202012Validator

from watcher.domain import json_schema
from watcher.domain.json_schema import Schema

ID = "0f3c2b1a-1111-4222-8333-444455556666"
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def accepts(schema: Schema, value: object) -> bool:
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("value", [ID.upper(), f"{ID}\n", f" {ID}", ID[:-1], f"{ID}0", "", None, 7])
def test_nothing_but_a_whole_id_is_a_session_id(value: object) -> None:
    assert accepts(json_schema.session_id("an id"), ID)
    assert not accepts(json_schema.session_id("an id"), value)


@pytest.mark.parametrize(
    "value", ["ff" + PARENT[2:], f"{PARENT}\n", PARENT.upper(), f"00-{'0' * 32}-00f067aa0ba902b7-01", PARENT + "-x"]
)
def test_nothing_but_a_whole_traceparent_is_one(value: str) -> None:
    assert accepts(json_schema.traceparent("a trace"), PARENT)
    assert not accepts(json_schema.traceparent("a trace"), value)


def test_null_is_for_what_may_be_null_only() -> None:
    schema = json_schema.text("a text", minLength=1)
    assert [accepts(schema, value) for value in ("a", "", None)] == [True, False, False]
    assert [accepts(json_schema.nullable(schema), value) for value in ("a", "", None)] == [True, False, True]


def test_members_are_required_unless_optional_and_others_are_allowed() -> None:
    properties = {"id": json_schema.session_id("an id"), "at": json_schema.time("a time")}
    schema = json_schema.members("an object", properties, optional=("at",))
    assert accepts(schema, {"id": ID, "new": 1})
    assert not accepts(schema, {"at": "2026-01-01T00:00:00Z"})
    assert not accepts(schema, {"id": ID, "at": 7})


def test_a_pattern_is_anchored_and_names_no_group_as_python_does() -> None:
    """ECMA 262 has no `(?P<name>`."""
    assert json_schema.whole(re.compile("(?P<year>[0-9]{4})-(?P<month>[0-9]{2})")) == "^([0-9]{4})-([0-9]{2})$"
