"""The files of an SQLite database: created for this user only, and monitored while they are open.

In write-ahead mode SQLite keeps one database in three files. `-wal` has the latest changes, `-shm` their locations.
SQLite never deletes either while a connection is open, and doesn't notice if someone else does: then each process
works on its own files, and the last one to close destroys what the others wrote.
"""

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from stat import S_ISREG
from tempfile import NamedTemporaryFile

from watcher.util.file_trust import Exposure, find_exposure_of_written

File = tuple[int, int]
"""Device and inode: the target of a name."""

TRIES, RETRY_INTERVAL = 3, 0.02
"""Consecutive checks, and seconds between two, that have to find `-shm` without `-wal`: another process may be
closing."""

_START_AFRESH = "restore it from a backup, or delete it to start afresh"


def files_of(path: Path) -> Iterator[Path]:
    """The three files of the database at `path`, whether they exist or not.

    If `path` is a link, SQLite uses the two next to its target.
    """
    yield path
    real = _real(path)
    for suffix in ("-wal", "-shm"):
        yield real.parent / f"{real.name}{suffix}"


def exposure_of(path: Path) -> Exposure | None:
    """How others can change the database at `path`, which may be missing; None if they can't.

    SQLite trusts the files next to a database: anyone who adds a `-wal` or a `-journal` to its folder writes into it.

    Raises:
        OSError: the folder is missing, or can't be checked.
    """
    return find_exposure_of_written(path, ("-wal", "-shm", "-journal"))


def problem_as_root(path: Path) -> str | None:
    """Why root must not use the database at `path`, with the fix: anyone could have written its decisions.

    Raises:
        OSError: as `exposure_of`.
    """
    if os.geteuid() != 0 or (found := exposure_of(path)) is None:
        return None
    what = f"{path} could be changed by others: {found.why}, and root runs this"
    return f"{what}: {found.fix}, or name another file"


def create(path: Path) -> None:
    """Create an empty database that only this user can read and write; does nothing if the file exists.

    It gets its name once it is complete, so neither another process nor a crash can leave or see half of it. SQLite
    creates `-wal` and `-shm` with the same mode.

    Raises:
        OSError: it can't be created.
    """
    path = _real(path)
    if path.exists():
        return
    with closing(sqlite3.connect(":memory:")) as empty:
        empty.execute("PRAGMA user_version = 0")  # writes the first page
        content = empty.serialize()
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".new") as new:  # 0600 at any umask
        new.write(content)
        new.flush()
        os.fsync(new.fileno())
        with suppress(FileExistsError):  # another process was quicker
            _link(Path(new.name), path, content)


def _link(new: Path, path: Path, content: bytes) -> None:
    try:
        path.hardlink_to(new)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def problem_before_opening(path: Path) -> str | None:
    """Why SQLite must not open the file at `path`, with the fix; None if it may, or reports the problem itself."""
    main, wal, shm = files_of(path)
    with suppress(OSError):
        found = main.stat()
        if not S_ISREG(found.st_mode):
            return f"{path} is not a regular file: name another file"
        if found.st_size == 0:
            return f"{path} is empty, so it has been truncated: {_START_AFRESH}"
    for attempt in range(TRIES):
        if attempt:
            time.sleep(RETRY_INTERVAL)
        if wal.exists() or not shm.exists():
            return None
    return (
        f"{wal} was deleted while the database was in use: stop every process that has it open (`fuser -v {path}`); "
        f"if {shm} is still there then, the latest changes are lost: delete it to go on without them"
    )


def opened_files(path: Path) -> dict[Path, File]:
    """The current targets of the names of the database's files, without missing ones."""
    return {name: file for name in files_of(path) if (file := _file(name)) is not None}


def problem_while_open(opened: Mapping[Path, File], path: Path) -> str | None:
    """What has happened to open files, with the fix; None if they are unchanged."""
    for name, file in opened.items():
        if _file(name) != file:
            return (
                f"{name} was removed or replaced while it was open: restart the watcher, and leave "
                f"{', '.join(map(str, files_of(path)))} alone while it runs"
            )
    with suppress(OSError):
        if path in opened and path.stat().st_size == 0:
            return f"{path} was truncated while it was open: {_START_AFRESH}"
    return None


def is_replaced(opened: Mapping[Path, File]) -> bool:
    """Whether another process has created new files under the names of the open ones."""
    return any(_file(name) not in (None, file) for name, file in opened.items())


def _real(path: Path) -> Path:
    """The target of links. For circular links any path on the circle: SQLite reports what is wrong."""
    return Path(os.path.realpath(path))


def _file(name: Path) -> File | None:
    try:
        found = name.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
