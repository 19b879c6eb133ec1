import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import START, decision
from watcher.domain.limits import MAX_MESSAGE_BYTES
from watcher.domain.model import DecisionEvent, LedgerEntry
from watcher.ledgers.dynamodb.items import entry_of, fitting, number, size
from watcher.ledgers.dynamodb.limits import LIMITS
from watcher.ledgers.retention import LIFE

DAY = 86_400


def entry(body: str = decision(1).body, trail: str = "[]", at: float = START) -> LedgerEntry:
    return LedgerEntry(DecisionEvent(decision(1).key, body), at, trail, sequence=7)


@given(st.text(min_size=1), st.text(min_size=1), st.floats(0, 2e11))
def test_an_entry_comes_back_as_it_was(body: str, trail: str, at: float) -> None:
    before = entry(body, trail, at)
    item, has_trail = fitting(before)
    assert has_trail
    assert replace(entry_of(item), fault="") == before


def test_marks_come_back_with_the_entry() -> None:
    item, _ = fitting(entry())
    item |= {"delivered": {"M": {"stdout": number(START + 1.5)}}, "settledAt": number(START + 2)}
    after = entry_of(item)
    assert (after.delivered, after.acked_at) == ({"stdout": START + 1.5}, START + 2)


def test_an_entry_outlives_every_message_about_it() -> None:
    longest_retention = 14 * DAY
    item, _ = fitting(entry())
    assert int(item["expiresAt"]["N"]) == START + LIFE
    assert 2 * longest_retention < LIFE


def test_a_long_text_is_stored_compressed() -> None:
    text = "ab" * LIMITS.packed_from
    item, _ = fitting(entry(text, text))
    assert size(item) < LIMITS.packed_from
    assert (entry_of(item).event.body, entry_of(item).trail) == (text, text)


@pytest.mark.parametrize(("first", "last"), [(0x20, 0x7F), (0x80, 0x800), (0x800, 0xD800)])
def test_the_largest_context_that_a_message_can_bring_fits(first: int, last: int) -> None:
    """Characters of four bytes, two escapes each, take no more than those of two bytes."""
    count = -(-MAX_MESSAGE_BYTES // len(chr(first).encode()))
    text = "".join(Random(1).choices(list(map(chr, range(first, last))), k=count))
    item, _ = fitting(entry(json.dumps({"data": {"context": {"a": text}}})))
    assert size(item) <= LIMITS.item


def test_a_trail_that_has_no_room_is_left_out() -> None:
    large = Random(1).randbytes(250_000).hex()
    before = entry(large, large)
    item, has_trail = fitting(before)
    assert not has_trail
    assert size(item) <= LIMITS.item
    assert (entry_of(item).event, entry_of(item).trail) == (before.event, "[]")


def test_an_items_size_is_that_of_its_names_and_values() -> None:
    item: dict[str, Any] = {"ab": {"S": "ü"}, "c": {"N": "12"}, "d": {"B": b"123"}, "e": {"M": {}}}
    assert size(item) == (2 + 2) + (1 + 2) + (1 + 3) + 1
