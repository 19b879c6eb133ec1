import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import Cursor

import pytest
from structlog.testing import capture_logs

from tests.support import ManualClock, decision
from tests.unit.support.sqlite_plans import traced
from watcher.domain.errors import LedgerError
from watcher.ledgers.retention import LIFE
from watcher.ledgers.sqlite.ledger import SCHEMA, SqliteLedger
from watcher.ledgers.sqlite.retention import AT_ONCE, PAUSE, Retention
from watcher.util.sqlite_file import WRITING, SqliteFile


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: ManualClock) -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(tmp_path / "l.db", clock)) as ledger:
        yield ledger


def decide(ledger: SqliteLedger, *numbers: int, settled: bool = True) -> None:
    events = [decision(number) for number in numbers]
    ledger.record([(event, "[]") for event in events])
    ledger.mark_delivered([event.key for event in events], "stdout")
    if settled:
        ledger.mark_acked([event.key for event in events])


def kept(ledger: SqliteLedger) -> list[str]:
    return [entry.event.key.session_id for entry in ledger.after(0, 10_000)]


def ids(*numbers: int) -> list[str]:
    return [decision(number).key.session_id for number in numbers]


def deliveries(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM ledger_deliveries").fetchone()[0])


def test_a_acked_entry_is_forgotten_after_thirty_days_with_its_deliveries(
    ledger: SqliteLedger, clock: ManualClock, tmp_path: Path
) -> None:
    decide(ledger, 1)
    clock.advance(LIFE)
    ledger.mark_acked([])
    assert kept(ledger) == ids(1)
    clock.advance(PAUSE)
    decide(ledger, 2)
    assert (kept(ledger), deliveries(tmp_path / "l.db")) == (ids(2), 1)


def test_what_was_never_acked_stays_and_hides_nothing_behind_it(ledger: SqliteLedger, clock: ManualClock) -> None:
    decide(ledger, *range(AT_ONCE + 1), settled=False)
    decide(ledger, 9001)
    clock.advance(LIFE + 1)
    for _ in range(2):
        clock.advance(PAUSE)
        ledger.mark_acked([])
    assert kept(ledger) == ids(*range(AT_ONCE + 1))


def test_a_few_are_forgotten_at_a_time_and_not_at_every_call(ledger: SqliteLedger, clock: ManualClock) -> None:
    decide(ledger, *range(AT_ONCE + 50))
    clock.advance(LIFE + 1)
    ledger.mark_acked([])
    assert len(kept(ledger)) == 50
    clock.advance(PAUSE - 1)
    ledger.mark_acked([])
    assert len(kept(ledger)) == 50
    clock.advance(1)
    ledger.mark_acked([])
    assert kept(ledger) == []


def test_a_number_that_was_given_never_comes_again(ledger: SqliteLedger, clock: ManualClock) -> None:
    decide(ledger, 1)
    (entry,) = ledger.recent(1)
    clock.advance(LIFE + 1)
    ledger.mark_acked([])
    decide(ledger, 2)
    assert [later.sequence for later in ledger.after(entry.sequence, 10)] == [entry.sequence + 1]


def test_a_look_at_a_young_ledger_writes_nothing(
    ledger: SqliteLedger, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(ledger, 1)
    asked = traced(monkeypatch)
    with closing(SqliteFile(tmp_path / "l.db", SCHEMA, LedgerError)) as file:
        asked.clear()
        Retention(file, clock).delete_expired()
    assert any("ledger_entries" in statement for statement in asked)
    assert WRITING not in asked


def test_a_failure_is_logged_and_holds_up_no_ack(
    ledger: SqliteLedger, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(ledger, 1)
    clock.advance(LIFE + 1)

    def locked(_: SqliteFile) -> Cursor:
        raise LedgerError("locked")

    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(SqliteFile, "reading", locked)
        ledger.mark_acked([])
    assert [(line["event"], line["error"]) for line in logs] == [("retention_failed", "locked")]
    clock.advance(PAUSE)
    ledger.mark_acked([])
    assert kept(ledger) == []
