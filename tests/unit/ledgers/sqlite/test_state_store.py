from contextlib import closing
from pathlib import Path

import pytest

from tests.support import ManualClock
from watcher.config.settings import Settings
from watcher.domain.errors import LedgerError
from watcher.ledgers import open_ledger, open_state_store
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.ledgers.sqlite.state_store import SqliteStateStore


def test_the_latest_save_survives_closing_and_opening(tmp_path: Path) -> None:
    clock = ManualClock()
    with closing(SqliteStateStore(tmp_path / "l.db", clock)) as memory:
        assert memory.load() is None
        memory.save("one")
        memory.save("two")
    with closing(SqliteStateStore(tmp_path / "l.db", clock)) as memory:
        assert memory.load() == "two"


def test_it_lies_beside_the_ledger_in_the_same_file(tmp_path: Path) -> None:
    clock, settings = ManualClock(), Settings.model_validate({"queue": {"url": f"sqlite:///{tmp_path}/w.db"}})
    with closing(open_ledger(settings, clock)) as ledger:
        memory = open_state_store(settings, clock)
        assert memory is not None
        with closing(memory):
            memory.save("x")
            assert ledger.recent(5) == []
    assert [file.name for file in tmp_path.iterdir()] == ["w.db"]


def test_a_reader_of_the_ledger_needs_no_memory(tmp_path: Path) -> None:
    SqliteLedger(tmp_path / "l.db", ManualClock()).close()
    SqliteLedger(tmp_path / "l.db", ManualClock(), create=False).close()


def test_a_backend_without_a_memory_has_none(tmp_path: Path) -> None:
    settings = Settings.model_validate({"ledger": {"url": "none"}})
    assert open_state_store(settings, ManualClock()) is None


def test_a_file_that_is_no_database_is_told_in_the_users_words(tmp_path: Path) -> None:
    (tmp_path / "l.db").write_text("not a database, but long enough to be taken for one" * 50)
    with pytest.raises(LedgerError, match="not an SQLite database"):
        SqliteStateStore(tmp_path / "l.db", ManualClock())
