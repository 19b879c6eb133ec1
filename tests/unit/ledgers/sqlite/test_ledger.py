"""The SQLite ledger's own traits, beyond the contract of all ledgers, and those of the memory without a file."""

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import ManualClock, decision
from tests.unit.support.sqlite_plans import plan, traced
from watcher.domain.errors import LedgerError
from watcher.domain.model import SessionKey
from watcher.ledgers.memory import MemoryLedger
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.queues.sqlite.queue import SqliteQueue


def test_decisions_survive_closing_and_opening(tmp_path: Path) -> None:
    clock = ManualClock()
    with closing(SqliteLedger(tmp_path / "l.db", clock)) as first:
        recorded = first.record([(decision(1), "[]")])
    with closing(SqliteLedger(tmp_path / "l.db", clock)) as second:
        assert second.recent(10) == recorded


def test_ledger_and_queue_share_a_file(tmp_path: Path) -> None:
    clock = ManualClock()
    path = tmp_path / "watcher.db"
    with closing(SqliteQueue(path, 60, clock)) as queue, closing(SqliteLedger(path, clock)) as ledger:
        queue.send(["a"])
        ledger.record([(decision(1), "[]")])
        assert queue.depth().visible == len(ledger.recent(10)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["watcher.db"]


def test_a_reader_makes_no_ledger_in_a_queue_file(tmp_path: Path) -> None:
    path = tmp_path / "watcher.db"
    SqliteQueue(path, 60, ManualClock()).close()
    with pytest.raises(LedgerError, match=r"watcher\.db has no ledger yet"):
        SqliteLedger(path, ManualClock(), create=False)


def test_a_reader_sees_what_the_watcher_records_meanwhile(tmp_path: Path) -> None:
    clock = ManualClock()
    with (
        closing(SqliteLedger(tmp_path / "l.db", clock)) as ledger,
        closing(SqliteLedger(tmp_path / "l.db", clock, create=False)) as reader,
    ):
        assert reader.recent(10) == []
        ledger.record([(decision(1), "[]")])
        assert [entry.event for entry in reader.after(0, 10)] == [decision(1)]


@pytest.mark.parametrize(
    ("begin", "ask"),
    [
        ("SELECT", SqliteLedger.find),
        ("INSERT", lambda ledger, keys: ledger.mark_delivered(keys, "stdout")),
        ("UPDATE", SqliteLedger.mark_acked),
    ],
)
def test_keys_are_looked_up_and_not_searched_for(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    begin: str,
    ask: Callable[[SqliteLedger, list[SessionKey]], object],
) -> None:
    asked = traced(monkeypatch)
    with closing(SqliteLedger(tmp_path / "l.db", ManualClock())) as ledger:
        ask(ledger, [decision(1).key, decision(2).key])
        (query,) = [statement for statement in asked if statement.startswith(begin) and "wanted" in statement]
        steps = plan(tmp_path / "l.db", query)
    assert any(
        re.match(r"SEARCH ledger_entries USING (COVERING )?INDEX ledger_keys \(session_id=\? AND policy=\?\)", step)
        for step in steps
    )
    assert not any(step.startswith("SCAN ledger_entries") for step in steps)


def test_many_at_once_are_recorded_delivered_and_acked_as_if_one_by_one(tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "l.db", ManualClock())) as ledger:
        ledger.record([(decision(7), "[7]")])
        events = [decision(number) for number in range(1000, 1250)]
        entries = ledger.record([(event, "[]") for event in events])
        keys = [event.key for event in events]
        assert [entry.event for entry in entries] == events
        assert [entry.sequence for entry in entries] == list(range(2, 252))
        assert list(ledger.after(1, 1000)) == list(entries)
        ledger.mark_delivered(keys, "stdout")
        ledger.mark_acked(keys)
        found = ledger.find([*keys, decision(7).key])
    assert all("stdout" in found[key].delivered and found[key].acked_at is not None for key in keys)
    assert (found[decision(7).key].delivered, found[decision(7).key].acked_at) == ({}, None)


def test_a_decision_that_stood_before_is_found_among_hundreds_of_new_ones(tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "l.db", ManualClock())) as ledger:
        (standing,) = ledger.record([(decision(1150, "not_live"), "[]")])
        events = [decision(number) for number in range(1000, 1250)]
        entries = ledger.record([(event, "[]") for event in events])
    assert [entry.event.key for entry in entries] == [event.key for event in events]
    assert entries[150] == standing


def test_numbers_after_a_conflict_are_those_in_the_file(tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "l.db", ManualClock())) as ledger:
        ledger.record([(decision(number), "[]") for number in range(3)])
        mixed = ledger.record([(decision(number), "[]") for number in (5, 1, 6)])
        fresh = ledger.record([(decision(number), "[]") for number in (8, 9)])
        assert [*ledger.find([decision(n).key for n in (5, 1, 6, 8, 9)]).values()] == sorted(
            [*mixed, *fresh], key=lambda entry: entry.sequence
        )


def test_a_memory_keeps_the_newest_decisions_only() -> None:
    memory = MemoryLedger(ManualClock(), capacity=3)
    entries = memory.record([(decision(number), "[]") for number in range(5)])
    assert [entry.event for entry in entries] == [decision(number) for number in range(5)]
    assert [entry.event for entry in memory.recent(10)] == [decision(2), decision(3), decision(4)]
    memory.mark_delivered([decision(0).key], "stdout")
    memory.mark_acked([decision(0).key])
    assert memory.find([decision(0).key]) == {}
