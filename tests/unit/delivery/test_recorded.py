"""What a recorded decision says, damaged or not."""

import json
from typing import Any

import pytest

from tests.support import decision
from watcher.delivery.recorded import context_of, created_at, reason_of
from watcher.domain.model import NO_CONTEXT, DecisionEvent, LedgerEntry


def recorded(body: str) -> LedgerEntry:
    return LedgerEntry(DecisionEvent(decision(1).key, body), 1_750_000_100.0)


def saying(**data: Any) -> LedgerEntry:
    return recorded(json.dumps({"data": data}))


def test_what_it_says_is_read() -> None:
    entry = saying(createdAt="2025-06-15T15:06:40Z", context={"a": [1, "é"]}, reason="timed_out")
    assert created_at(entry) == 1_750_000_000.0
    assert json.loads(context_of(entry)) == {"a": [1, "é"]}
    assert reason_of(entry) == "timed_out"


@pytest.mark.parametrize("body", ["", "nonsense", "[]", "{}", '{"data": []}', '{"data": {}}', "[" * 100_000])
def test_where_it_says_nothing_the_time_of_the_decision_counts(body: str) -> None:
    entry = recorded(body)
    assert (created_at(entry), context_of(entry), reason_of(entry)) == (entry.recorded_at, NO_CONTEXT, None)


@pytest.mark.parametrize("context", [None, [], "x", 5])
def test_a_context_that_is_no_object_is_none(context: object) -> None:
    assert context_of(saying(context=context)) == NO_CONTEXT
