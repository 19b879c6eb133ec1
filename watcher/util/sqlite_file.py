"""One SQLite file, shared by queue and ledger: opening, transactions, schema versions, errors for the user.

Every object guards one connection with a lock. SQLite allows one writer at a time anyway, a lock passes on at once
where SQLite's own busy handler sleeps, threads that end leave no connection behind, and `close` is final.
"""

import errno
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, RLock, Thread
from typing import NamedTuple

from watcher.domain.errors import DatabaseLost, WatcherError
from watcher.util import sqlite_place
from watcher.util.files import is_there
from watcher.util.sqlite_errors import BUSY_TIMEOUT, fix_of, kind_of

WRITING = "BEGIN IMMEDIATE"


class Schema(NamedTuple):
    """The tables of one `part` of a file. Step n upgrades them from version n to n + 1; steps are only ever added."""

    part: str
    steps: tuple[Sequence[str], ...]


class SqliteFile:
    """A connection to `path` with the tables of `schema`; failures are raised as `error`.

    A missing file or table is created, unless `create` is false: then a missing file is an error, and an existing one
    is not changed, so that a reader leaves no trace.
    """

    def __init__(self, path: Path, schema: Schema, error: type[WatcherError], *, create: bool = True) -> None:
        self.path = _absolute(path, error)
        self._error = error
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        if not create and not is_there(self.path):
            raise self._not_created("is not there yet")
        self._opened: dict[Path, sqlite_place.File] = {}
        with self._translated():
            with _as_sqlite_error():
                problem = sqlite_place.problem_as_root(self.path)
                if create and not problem:
                    sqlite_place.create(self.path)
            if problem := problem or sqlite_place.problem_before_opening(self.path):
                raise self._error(problem)
            self._connection = _connect(self.path)
        try:
            if create:
                self._use_wal(self._connection)
            self._prepare(schema, create=create)
            self._opened = sqlite_place.opened_files(self.path)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Cursor]:
        """A cursor on one consistent view; does not wait for writers of other processes."""
        with self._transaction("BEGIN") as cursor:
            yield cursor

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Cursor]:
        """A cursor in a transaction that is completely on disk when the block ends; an exception rolls it back."""
        # IMMEDIATE: a transaction that reads first and writes later could fail half-way if another one was quicker.
        with self._transaction(WRITING) as cursor:
            yield cursor

    def close(self) -> None:
        """Close the connection; a second call does nothing.

        The last one to close writes the contents of `-wal` into the file, even if `-wal` has been deleted, so nothing
        is lost. Unless there is a new `-wal`: that would destroy its contents.
        """
        with self._lock:
            if self._connection is not None:
                if sqlite_place.is_replaced(self._opened):
                    _leave_alone(self._connection)
                else:
                    self._connection.close()
                self._connection = None

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Cursor]:
        with self._lock, self._translated():
            if self._connection is None:
                raise self._error(f"{self.path} is closed")
            self._check_files()
            cursor = self._connection.cursor()
            cursor.execute(begin)
            try:
                yield cursor
                if begin == WRITING:  # the wait for the lock may have been long
                    self._check_files()
                cursor.execute("COMMIT")
            except BaseException:
                # After some failures (a full disk) SQLite has already rolled back: then there is nothing to undo.
                if self._connection.in_transaction:
                    self._connection.rollback()
                raise
            finally:
                cursor.close()

    def _check_files(self) -> None:
        """Raises DatabaseLost: SQLite would continue with unlinked files that no other process can see."""
        if problem := sqlite_place.problem_while_open(self._opened, self.path):
            raise DatabaseLost(problem)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OverflowError, UnicodeEncodeError) as error:  # a number or a text that SQLite can't store
            raise self._error(f"{self.path}: a value can't be stored: {type(error).__name__}") from error
        except sqlite3.Error as error:
            fix = fix_of(error, self.path)
            raise self._error(f"{self.path}: {error}" + (f" - {fix}" if fix else "")) from error

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        """Switch the file to write-ahead logging, so that readers and the writer never wait for each other."""
        give_up = time.monotonic() + BUSY_TIMEOUT
        # SQLite does not call the busy handler for this lock, and several processes may create the file at the same
        # time.
        while (mode := self._try_wal(connection, last=time.monotonic() >= give_up)) is None:
            time.sleep(0.01)
        if mode != "wal":
            raise self._error(f"{self.path}: its file system has no shared memory for SQLite: use a local disk")

    def _try_wal(self, connection: sqlite3.Connection, *, last: bool) -> str | None:
        """The journal's mode, or None if the file was busy."""
        with self._translated():
            try:
                return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
            except sqlite3.OperationalError as error:
                if last or kind_of(error) != sqlite3.SQLITE_BUSY:
                    raise
                return None

    def _prepare(self, schema: Schema, *, create: bool) -> None:
        """Bring the tables of this part up to date; writes nothing if they are."""
        with self.reading() as cursor:
            found = self._version(cursor, schema)
        if found == len(schema.steps):
            return
        if not create:
            raise self._not_created(f"has no {schema.part} yet")
        with self.writing() as cursor:
            cursor.execute(
                "CREATE TABLE IF NOT EXISTS watcher_schema (part TEXT PRIMARY KEY, version INTEGER NOT NULL)"
            )
            # Checked again, now that no one else can change it: two processes may start at once on a new file.
            for step in schema.steps[self._version(cursor, schema) :]:
                for statement in step:
                    cursor.execute(statement)
            cursor.execute("INSERT OR REPLACE INTO watcher_schema VALUES (?, ?)", (schema.part, len(schema.steps)))

    def _not_created(self, what: str) -> WatcherError:
        error = self._error(f"{self.path} {what}: it is created when the watcher first runs with it")
        error.is_not_created = True
        return error

    def _version(self, cursor: sqlite3.Cursor, schema: Schema) -> int:
        if not cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'watcher_schema'").fetchone():
            return 0
        row = cursor.execute("SELECT version FROM watcher_schema WHERE part = ?", (schema.part,)).fetchone()
        version = int(row[0]) if row else 0
        if version > len(schema.steps):
            raise self._error(
                f"{self.path}: its {schema.part} has form {version}, this watcher knows up to {len(schema.steps)}: "
                "upgrade the watcher, or give it another file"
            )
        return version


def _absolute(path: Path, error: type[WatcherError]) -> Path:
    """The full path, so that a change of the working folder changes nothing. Raises `error`: that folder is gone."""
    try:
        return path.absolute()
    except FileNotFoundError as failure:
        fix = "change to another one, or name the file by its full path"
        raise error(f"{path}: the working folder was deleted: {fix}") from failure


@contextmanager
def _as_sqlite_error() -> Iterator[None]:
    """Turn a file system error into SQLite's, which has a fix."""
    try:
        yield
    except OSError as error:
        kind = sqlite3.SQLITE_FULL if error.errno == errno.ENOSPC else sqlite3.SQLITE_CANTOPEN
        failure = sqlite3.OperationalError(f"unable to create the file: {error.strerror}")
        failure.sqlite_errorcode = kind
        raise failure from error


def _leave_alone(connection: sqlite3.Connection) -> None:
    """Abandon a connection without writing to any file."""
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE)  # on
        connection.close()
    else:
        # Python 3.11 can't tell SQLite, and closes unreferenced connections, at its own end too. It leaves alone what
        # a daemon thread refers to.
        Thread(target=lambda _: Event().wait(), args=(connection,), name="lost database", daemon=True).start()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_TIMEOUT,
        isolation_level=None,  # this module begins transactions, not Python
        check_same_thread=False,  # the lock ensures that
    )
    try:
        # Only other programs can write text that is not UTF-8: it must reach the dead letters, not stop the watcher.
        connection.text_factory = _text
        # FULL: with WAL, NORMAL would lose the latest commits in a power cut: an accepted id, a decision.
        connection.execute("PRAGMA synchronous = FULL")
        # Some SQLite builds leave deleted data (contexts, decisions) in the file until the space is reused.
        connection.execute("PRAGMA secure_delete = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
