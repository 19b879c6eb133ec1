import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import ManualClock, session_id
from watcher.config.settings import Settings
from watcher.domain.errors import DatabaseLost, LedgerError
from watcher.ledgers import open_hint_log, open_ledger
from watcher.ledgers.sqlite.hint_log import LIMITS, SqliteHintLog
from watcher.ledgers.sqlite.ledger import SqliteLedger


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "l.db"


@pytest.fixture
def log(path: Path, clock: ManualClock) -> Iterator[SqliteHintLog]:
    with closing(SqliteHintLog(path, clock)) as log:
        yield log


def ids(*numbers: int) -> list[str]:
    return [session_id(number) for number in numbers]


def rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute("SELECT count(*) FROM hints").fetchone()[0]
        return found


def test_rows_are_deleted_after_three_minutes(log: SqliteHintLog, path: Path, clock: ManualClock) -> None:
    log.write(ids(1, 2))
    clock.advance(LIMITS.life + 1)
    log.write(ids(3))
    assert rows(path) == 1


def test_a_watcher_that_only_reads_deletes_them_too(log: SqliteHintLog, path: Path, clock: ManualClock) -> None:
    log.write(ids(1, 2))
    with closing(SqliteHintLog(path, clock)) as reader:
        for _ in range(int((LIMITS.life + LIMITS.sweep) / reader.interval) + 1):
            reader.read()
            clock.advance(reader.interval)
    assert rows(path) == 0


def test_a_flood_keeps_a_bounded_number_of_rows(log: SqliteHintLog, path: Path, clock: ManualClock) -> None:
    with closing(SqliteHintLog(path, clock)) as reader:
        for tick in range(10):
            log.write(ids(*range(tick * 1000, tick * 1000 + 1000)))
        assert rows(path) == LIMITS.rows
        assert list(reader.read()) == ids(*range(10_000 - LIMITS.rows, 10_000))


@pytest.mark.parametrize("step", [-86_400.0, 86_400.0])
def test_rows_of_a_wrong_clock_are_deleted(log: SqliteHintLog, path: Path, clock: ManualClock, step: float) -> None:
    log.write(ids(1))
    clock.set_wall(clock.time() + step)
    log.write(ids(2))
    assert rows(path) == 1


def test_numbers_are_never_used_again(log: SqliteHintLog, path: Path, clock: ManualClock) -> None:
    """Or a reader would take a new row for one that it has read."""
    with closing(SqliteHintLog(path, clock)) as reader:
        log.write(ids(1))
        assert list(reader.read()) == ids(1)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("DELETE FROM hints")
        log.write(ids(2))
        assert list(reader.read()) == ids(2)


def test_a_ledger_from_before_hints_is_used_as_it_is(path: Path, clock: ManualClock) -> None:
    SqliteLedger(path, clock).close()
    with closing(SqliteHintLog(path, clock)) as log:
        assert list(log.read()) == []
    SqliteLedger(path, clock, create=False).close()


def test_it_lies_beside_the_ledger_in_the_same_file(tmp_path: Path, clock: ManualClock) -> None:
    settings = Settings.model_validate({"queue": {"url": f"sqlite:///{tmp_path}/w.db"}})
    with closing(open_ledger(settings, clock)) as ledger:
        log = open_hint_log(settings, clock)
        assert log is not None
        with closing(log):
            log.write(ids(1))
            assert ledger.recent(5) == []
    assert [file.name for file in tmp_path.iterdir()] == ["w.db"]


def test_a_ledger_that_keeps_nothing_has_no_hint_log(clock: ManualClock) -> None:
    assert open_hint_log(Settings.model_validate({"ledger": {"url": "none"}}), clock) is None


def test_a_file_of_a_later_release_is_told_with_the_fix(log: SqliteHintLog, path: Path, clock: ManualClock) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE watcher_schema SET version = 2 WHERE part = 'hints'")
    with pytest.raises(LedgerError, match=r"its hints has form 2.*upgrade the watcher"):
        SqliteHintLog(path, clock)


@pytest.mark.parametrize("damage", ["DROP TABLE hints", "ALTER TABLE hints RENAME COLUMN writer TO author"])
def test_a_damaged_table_is_an_error(log: SqliteHintLog, path: Path, damage: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(damage)
    with pytest.raises(LedgerError):
        log.read()
    with pytest.raises(LedgerError):
        log.write(ids(1))


def test_a_deleted_file_ends_the_watcher(log: SqliteHintLog, path: Path) -> None:
    path.unlink()
    with pytest.raises(DatabaseLost):
        log.read()


def test_a_closed_log_is_an_error(log: SqliteHintLog) -> None:
    log.close()
    with pytest.raises(LedgerError, match="closed"):
        log.read()
