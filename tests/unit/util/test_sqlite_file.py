"""Opening an SQLite file, its transactions, versions, and what its errors say."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.unit.support.sqlite_things import ONE, add, names
from watcher.domain.errors import DatabaseLost, QueueError
from watcher.util import sqlite_file
from watcher.util.sqlite_file import Schema, SqliteFile

TWO = Schema(
    "things", (*ONE.steps, ("ALTER TABLE things ADD COLUMN size INTEGER", "INSERT INTO things VALUES ('x', 1)"))
)


def test_what_is_deleted_is_not_left_in_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = sqlite3.connect

    def of_another_build(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = real(*arguments, **named)
        connection.execute("PRAGMA secure_delete = OFF")  # SQLite's own default; distributions change it
        return connection

    monkeypatch.setattr(sqlite3, "connect", of_another_build)
    secrets = [f"secret-{number}" * 200 for number in range(20)]
    with closing(SqliteFile(path, ONE, QueueError)) as file:
        for secret in secrets:
            add(file, secret)
    assert b"secret-7" in path.read_bytes()
    with closing(SqliteFile(path, ONE, QueueError)) as file, file.writing() as cursor:
        cursor.execute("DELETE FROM things")
    assert b"secret-" not in path.read_bytes()


def test_what_is_written_survives_a_power_cut(file: SqliteFile) -> None:
    with file.reading() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert cursor.execute("PRAGMA synchronous").fetchone()[0] == 2, "2 is FULL"


def test_an_exception_undoes_the_whole_transaction(file: SqliteFile) -> None:
    with pytest.raises(QueueError, match="not supported"), file.writing() as cursor:
        cursor.executemany("INSERT INTO things VALUES (?)", [("a",), (object(),)])
    assert names(file) == []
    add(file, "b")
    assert names(file) == ["b"]


def test_a_view_stays_the_same_while_another_writes(file: SqliteFile, path: Path) -> None:
    with closing(SqliteFile(path, ONE, QueueError)) as other, file.reading() as cursor:
        before = cursor.execute("SELECT count(*) FROM things").fetchone()
        add(other, "a")
        assert cursor.execute("SELECT count(*) FROM things").fetchone() == before


def test_two_parts_share_a_file(file: SqliteFile, path: Path) -> None:
    other = Schema("others", (("CREATE TABLE others (name TEXT)",),))
    with closing(SqliteFile(path, other, QueueError)) as second, second.writing() as cursor:
        cursor.execute("INSERT INTO others VALUES ('a')")
    add(file, "b")
    assert names(file) == ["b"]


def test_an_older_form_is_brought_up_to_date_once(path: Path) -> None:
    with closing(SqliteFile(path, ONE, QueueError)) as old:
        add(old, "a")
    for _ in range(2):
        with closing(SqliteFile(path, TWO, QueueError)) as new:
            assert names(new) == ["a", "x"]


def test_a_newer_form_is_refused(path: Path) -> None:
    SqliteFile(path, TWO, QueueError).close()
    with pytest.raises(QueueError, match=r"f\.db: its things has form 2, this watcher knows up to 1: upgrade"):
        SqliteFile(path, ONE, QueueError)


def test_a_step_that_fails_leaves_the_older_form(path: Path) -> None:
    SqliteFile(path, ONE, QueueError).close()
    broken = Schema("things", (*ONE.steps, ("ALTER TABLE things ADD COLUMN size INTEGER", "nonsense")))
    with pytest.raises(QueueError, match="syntax error"):
        SqliteFile(path, broken, QueueError)
    with closing(SqliteFile(path, ONE, QueueError)) as file, file.reading() as cursor:
        assert [row[1] for row in cursor.execute("PRAGMA table_info(things)")] == ["name"]


def test_many_may_make_the_file_at_once(path: Path) -> None:
    failures: list[Exception] = []

    def make() -> None:
        try:
            with closing(SqliteFile(path, TWO, QueueError)) as file:
                assert names(file) == ["x"]
        except Exception as error:  # noqa: BLE001 - told by the main thread
            failures.append(error)

    threads = [Thread(target=make) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_reader_makes_no_file(path: Path) -> None:
    with pytest.raises(QueueError, match=r"f\.db is not there yet: it is created when"):
        SqliteFile(path, ONE, QueueError, create=False)
    assert not path.exists()


def test_a_reader_makes_no_tables(path: Path) -> None:
    SqliteFile(path, Schema("others", (("CREATE TABLE others (name TEXT)",),)), QueueError).close()
    with pytest.raises(QueueError, match="has no things yet"):
        SqliteFile(path, ONE, QueueError, create=False)


def test_odd_names_are_just_names(tmp_path: Path) -> None:
    odd = tmp_path / "a?mode=ro#x %41 ü.db"
    with closing(SqliteFile(odd, ONE, QueueError)) as file:
        add(file, "a")
    assert odd.exists()


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(QueueError, match="its folder has to exist"):
        SqliteFile(tmp_path / "nowhere" / "f.db", ONE, QueueError)


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(QueueError, match="is not a regular file: name another file"):
        SqliteFile(tmp_path, ONE, QueueError)


def test_a_file_of_another_kind_is_told_and_left_alone(path: Path) -> None:
    path.write_bytes(b"dear diary, " * 1000)
    with pytest.raises(QueueError, match=r"f\.db: .*not an SQLite database: name another file"):
        SqliteFile(path, ONE, QueueError)
    assert path.read_bytes() == b"dear diary, " * 1000


def test_a_damaged_file_is_told(path: Path) -> None:
    with closing(SqliteFile(path, ONE, QueueError)) as file, file.writing() as cursor:
        cursor.executemany("INSERT INTO things VALUES (?)", [("x" * 1000,)] * 100)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\x5a" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(QueueError, match="the file is damaged"), closing(SqliteFile(path, ONE, QueueError)) as file:
        names(file)


def test_a_full_disk_is_told_and_loses_nothing(file: SqliteFile) -> None:
    add(file, "a")
    with file.reading() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(QueueError, match="the disk is full: free some space"):
        add(file, "x" * 100_000)
    assert names(file) == ["a"]


def test_a_locked_file_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT", 0)
    with closing(SqliteFile(path, ONE, QueueError)) as file, closing(SqliteFile(path, ONE, QueueError)) as other:
        with file.writing(), pytest.raises(QueueError, match=r"locked - another process held its lock"):
            add(other, "a")
        add(other, "b")
        assert names(file) == ["b"]


def test_a_closed_file_says_so(path: Path) -> None:
    file = SqliteFile(path, ONE, QueueError)
    file.close()
    file.close()
    with pytest.raises(QueueError, match="is closed"):
        names(file)


def test_other_connections_are_not_kept_waiting_by_an_open_file(file: SqliteFile, path: Path) -> None:
    names(file)
    with closing(sqlite3.connect(path, timeout=0)) as other, other:
        other.execute("INSERT INTO things VALUES ('a')")
    assert names(file) == ["a"]


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_nothing_is_written_to_files_that_are_lost_during_a_transaction(
    file: SqliteFile, path: Path, suffix: str
) -> None:
    def add_and_delete() -> None:
        with file.writing() as cursor:
            cursor.execute("INSERT INTO things (name) VALUES ('b')")
            path.with_name(path.name + suffix).unlink()

    add(file, "a")
    with pytest.raises(DatabaseLost, match="was removed"):
        add_and_delete()
    file.close()
    if suffix:
        with closing(SqliteFile(path, ONE, QueueError)) as again:
            assert names(again) == ["a"]


def test_the_close_after_a_loss_saves_what_only_the_lost_file_has(file: SqliteFile, path: Path) -> None:
    add(file, "a")
    path.with_name("f.db-wal").unlink()
    with pytest.raises(DatabaseLost):
        names(file)
    file.close()
    with closing(SqliteFile(path, ONE, QueueError)) as again:
        assert names(again) == ["a"]


def test_a_file_that_lost_its_end_is_told(path: Path) -> None:
    with closing(SqliteFile(path, ONE, QueueError)) as file, file.writing() as cursor:
        cursor.executemany("INSERT INTO things VALUES (?)", [("x" * 1000,)] * 100)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(QueueError, match="the file is damaged"), closing(SqliteFile(path, ONE, QueueError)) as file:
        names(file)


def test_a_missing_folder_is_told_as_one(tmp_path: Path) -> None:
    with pytest.raises(QueueError, match=r"No such file or directory - it can't be opened: its folder has to exist"):
        SqliteFile(tmp_path / "missing" / "f.db", ONE, QueueError)


def test_a_deleted_working_folder_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(QueueError, match=r"^f\.db: the working folder was deleted: "):
        SqliteFile(Path("f.db"), ONE, QueueError)
