"""What SQLite's errors mean for a user, with the fix; SQLite itself often hides the system's error behind its own."""

import os
import sqlite3
from pathlib import Path

from watcher.util.machine_faults import machine_fault, out_of_files

BUSY_TIMEOUT = 10.0
"""Seconds to wait for another process that writes; callers retry what still fails then."""

_FULL = "the disk is full: free some space"
_FIXES = {
    sqlite3.SQLITE_BUSY: f"another process held its lock for {BUSY_TIMEOUT:.0f} s: find it with `fuser -v FILE`",
    sqlite3.SQLITE_LOCKED: "another statement of this process holds it: try again",
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CORRUPT: "the file is damaged: move it away, and restore it or save what is left with "
    "`sqlite3 FILE .recover`",
    sqlite3.SQLITE_NOTADB: "this is not an SQLite database: name another file, or move this one away",
    sqlite3.SQLITE_READONLY: "permission denied: the file and its folder have to be writable for this user",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened: its folder has to exist and be writable for this user",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write: see the kernel's log, the disk's quota and `ulimit -f`",
}


def kind_of(error: sqlite3.Error) -> int:
    """The primary result code: the lower byte; the rest only says where in SQLite it occurred."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def fix_of(error: sqlite3.Error, path: Path) -> str:
    """What to do about an error with the database at `path`; empty if nothing is known."""
    kind = kind_of(error)
    hidden = machine_fault(error)
    if kind in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR):
        hidden = hidden or out_of_files() or _lack_of_space(path)
    return hidden or _FIXES.get(kind, "")


def _lack_of_space(path: Path) -> str:
    try:
        found = os.statvfs(path.parent)
    except OSError:
        return ""
    # `-shm` grows by 32 KiB at a time. Some file systems (Btrfs) count no inodes.
    return _FULL if found.f_bavail * found.f_frsize < 1 << 15 or (found.f_files and not found.f_favail) else ""
