import os
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from watcher.util.sqlite_errors import fix_of, kind_of


def error_of(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


def test_where_in_sqlite_an_error_occurred_is_left_out() -> None:
    assert kind_of(error_of(sqlite3.SQLITE_IOERR_SHMSIZE)) == sqlite3.SQLITE_IOERR
    assert kind_of(sqlite3.ProgrammingError("no code")) == 0


@pytest.mark.parametrize(
    ("space", "fix"),
    [
        ({"f_bavail": 0}, "the disk is full: free some space"),
        ({"f_bavail": 7}, "the disk is full: free some space"),  # less than `-shm` needs
        ({"f_favail": 0}, "the disk is full: free some space"),
        ({}, "the disk failed to read or write: see the kernel's log"),
        ({"f_files": 0, "f_favail": 0}, "the disk failed to read or write: see the kernel's log"),
    ],
)
def test_a_full_disk_is_told_although_sqlite_hides_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, space: dict[str, int], fix: str
) -> None:
    found = {"f_bavail": 1000, "f_frsize": 4096, "f_files": 1000, "f_favail": 1000} | space
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(**found))
    assert fix_of(error_of(sqlite3.SQLITE_IOERR_SHMSIZE), tmp_path / "f.db").startswith(fix)


def test_a_folder_that_is_gone_has_no_lack_of_space(tmp_path: Path) -> None:
    fix = fix_of(error_of(sqlite3.SQLITE_CANTOPEN), tmp_path / "gone" / "f.db")
    assert fix == "it can't be opened: its folder has to exist and be writable for this user"
