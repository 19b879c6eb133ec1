"""Which decisions are shown, and how far back the ledger is read for them."""

import json
from collections.abc import Sequence
from typing import Any

import click
import pytest

from tests.support import START, decision, session_id
from watcher.cli.decision_filter import DecisionFilter, Since
from watcher.domain.model import DecisionEvent, LedgerEntry
from watcher.util.rfc3339 import timestamp


def entry(number: int, outcome: str = "live", policy: str = "default", at: float = START) -> LedgerEntry:
    event = decision(number, outcome, policy)
    body = json.loads(event.body)
    body["data"]["decidedAt"] = timestamp(at)
    return LedgerEntry(DecisionEvent(event.key, json.dumps(body)), at)


class Ledger:
    """Has these entries, the newest last; `reads` are the limits that it was asked for."""

    def __init__(self, entries: Sequence[LedgerEntry]) -> None:
        self.entries = entries
        self.reads: list[int] = []

    def recent(self, limit: int, session_id: str | None = None) -> Sequence[LedgerEntry]:
        self.reads.append(limit)
        return [one for one in self.entries if session_id in (None, one.event.key.session_id)][-limit:]


def newest(wanted: DecisionFilter, limit: int, entries: Sequence[LedgerEntry]) -> tuple[list[LedgerEntry], list[int]]:
    ledger: Any = Ledger(entries)
    return list(wanted.newest(ledger, limit)), ledger.reads


@pytest.mark.parametrize(
    ("members", "is_wanted"),
    [
        ({}, True),
        ({"session_id": session_id(1)}, True),
        ({"session_id": session_id(2)}, False),
        ({"policy": "payout", "outcome": "live", "reason": "confidence_met"}, True),
        ({"policy": "default"}, False),
        ({"outcome": "not_live"}, False),
        ({"reason": "timed_out"}, False),
        ({"since": START}, True),
        ({"since": START + 1}, False),
    ],
)
def test_a_decision_is_wanted_if_everything_given_is_so(members: dict[str, Any], is_wanted: bool) -> None:
    assert DecisionFilter(**members).wants(entry(1, policy="payout")) is is_wanted


@pytest.mark.parametrize("body", ["", "{", "[]", '{"data": 7}', '{"data": {"decidedAt": "yesterday"}}'])
def test_a_record_that_can_not_be_read_is_shown_unless_its_outcome_matters(body: str) -> None:
    damaged = LedgerEntry(DecisionEvent(decision(1).key, body), START)
    assert DecisionFilter(session_id=session_id(1), since=START).wants(damaged)
    assert not DecisionFilter(outcome="live").wants(damaged)


def test_the_newest_are_found_by_one_read_if_all_are_wanted() -> None:
    entries = [entry(number) for number in range(10)]
    assert newest(DecisionFilter(), 3, entries) == (entries[-3:], [3])


def test_rare_ones_are_searched_for_further_and_further_back() -> None:
    entries = [entry(number, "not_live" if number in (10, 11) else "live") for number in range(100)]
    assert newest(DecisionFilter(outcome="not_live"), 2, entries) == (entries[10:12], [2, 8, 32, 128])


def test_fewer_than_asked_for_end_with_the_ledger() -> None:
    entries = [entry(number) for number in range(5)]
    assert newest(DecisionFilter(outcome="inconclusive"), 5, entries) == ([], [5, 20])
    assert newest(DecisionFilter(), 10, []) == ([], [10])


def test_no_older_ones_are_read_than_are_wanted() -> None:
    entries = [entry(number, at=START + number) for number in range(100)]
    found, reads = newest(DecisionFilter(since=START + 90), 20, entries)
    assert (found, reads) == (entries[90:], [20])


@pytest.mark.parametrize(("text", "ago"), [("0s", 0), ("90s", 90), ("30m", 1800), ("1h", 3600), ("7d", 604_800)])
def test_a_span_ends_now(monkeypatch: pytest.MonkeyPatch, text: str, ago: float) -> None:
    monkeypatch.setattr("time.time", lambda: START)
    assert Since().convert(text, None, None) == START - ago


@pytest.mark.parametrize("text", ["2025-06-15T15:06:40Z", "2025-06-15T17:06:40+02:00"])
def test_a_time_counts_with_its_offset(text: str) -> None:
    assert Since().convert(text, None, None) == START


@pytest.mark.parametrize("text", ["", "7", "1w", "-1h", "1.5h", "1h30m", "1 h", "9999999s", "2025-06-15"])
def test_what_is_neither_says_what_to_give(text: str) -> None:
    with pytest.raises(click.BadParameter, match="give 30m, 1h, 7d, or 2026-09-25T10:00:00Z"):
        Since().convert(text, None, None)
