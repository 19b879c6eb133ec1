"""Message attributes: whatever a message was sent with survives ten places, dead letters and replays."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.queues.sqs.attributes import MOST, PACKED, Attribute, is_incomplete, size_of, unpacked, written
from watcher.queues.sqs.attributes import attributes_of as read
from watcher.queues.sqs.messages import DETAIL, MESSAGE_ID, REASON, RECEIVE_COUNT, SENT_AT

OWN = {SENT_AT: "1", MESSAGE_ID: "m1", RECEIVE_COUNT: "3", REASON: "unknown_policy", DETAIL: "why"}
NINE = {"policy": "payout", "traceparent": "00-x", **{f"b{n}": str(n) for n in range(7)}}
SQS_TAKES = 10

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True) | st.sampled_from(["policy", REASON, DETAIL])
values = st.text(min_size=1) | st.binary(min_size=1)
received = st.dictionaries(names, values, max_size=SQS_TAKES).map(
    lambda found: found | ({"policy": "payout"} if "policy" in found else {})
)


def message(attributes: dict[str, Any]) -> dict[str, Any]:
    return {"MessageAttributes": attributes}


def without_own(attributes: dict[str, Attribute]) -> dict[str, Attribute]:
    return {name: value for name, value in attributes.items() if name not in OWN}


@given(given_ones=received)
def test_every_attribute_comes_back_as_it_was(given_ones: dict[str, Attribute]) -> None:
    attributes = written(OWN, given_ones)
    assert len(attributes) <= SQS_TAKES
    found = read(message(attributes))
    assert {name: found[name] for name in OWN} == OWN
    assert unpacked(without_own(found)) == given_ones
    assert not is_incomplete(found)


@pytest.mark.parametrize("name", ["policy", "traceparent"])
def test_what_has_a_meaning_is_written_first(name: str) -> None:
    late = {**{f"a{n}": "x" for n in range(9)}, name: "y"}
    assert written(OWN, late)[name] == {"DataType": "String", "StringValue": "y"}


def test_ten_attributes_of_a_letter_without_the_packed_ones_are_what_is_left_of_more() -> None:
    old = {**OWN, **{f"b{n}": "x" for n in range(5)}}
    assert is_incomplete({**old})
    assert not is_incomplete(dict(list(old.items())[:MOST]))


@pytest.mark.parametrize("packed", ["", "{", "[]", "7", '{"a": 1}', '{"a": {}}', '{"a": {"binary": "?"}}', b"\xff"])
def test_packed_attributes_that_can_not_be_read_are_lost(packed: Attribute) -> None:
    attributes: dict[str, Attribute] = {"a": "b", PACKED: packed}
    assert is_incomplete(attributes)
    assert unpacked(attributes) == attributes


def test_packed_attributes_never_say_the_policy() -> None:
    assert unpacked({PACKED: '{"policy": "default", "a": "b"}'}) == {"a": "b"}


def test_the_size_counts_names_types_and_values() -> None:
    assert size_of(written({}, {"a": "é", "b": b"123"})) == len("a" + "String") + 2 + len("b" + "Binary") + 3
