"""The hint log in the ledger's SQLite file: rows that every process on the file reads by number."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from sqlite3 import Cursor
from uuid import uuid4

from watcher.config.settings import Settings
from watcher.domain.errors import LedgerError
from watcher.domain.ports import Clock
from watcher.util.sqlite_file import Schema, SqliteFile

# A separate part: readers of the ledger don't need it, and older files without it stay readable.
# AUTOINCREMENT: a number is not used again when all rows have been deleted, so that no reader misses one.
SCHEMA = Schema(
    "hints",
    (
        (
            """CREATE TABLE hints (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                writer TEXT NOT NULL,
                written_at REAL NOT NULL,
                session_id TEXT NOT NULL)""",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How often it is read, and how much it holds. Seconds, and rows."""

    interval: float = 0.25
    """Between two reads: one takes 20 microseconds."""

    life: float = 180.0
    """Maximum age of a row that is used: as long as a session lives."""

    rows: int = 5000
    """Maximum rows, which take 0.6 MB: a watcher remembers no more hints for sessions that it does not watch."""

    sweep: float = 60.0
    """Between two searches for old rows by a watcher that writes none."""


LIMITS = Limits()

_DELETE = """DELETE FROM hints WHERE written_at NOT BETWEEN :now - :life AND :now + :life
    OR number <= (SELECT max(number) FROM hints) - :rows"""

_READ = """SELECT number, writer, session_id FROM hints WHERE number > :last AND written_at > :now - :life
    ORDER BY number DESC LIMIT :rows"""


class SqliteHintLog:
    """The hint log in the file at `path`.

    Raises:
        LedgerError: here and in every method, when the file can't be used.
    """

    interval = LIMITS.interval

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._writer = uuid4().hex
        self._file = SqliteFile(path, SCHEMA, LedgerError)
        self._last = 0
        self._swept_at = -inf

    def write(self, session_ids: Sequence[str]) -> None:
        """Write a row for each, and delete old ones."""
        now = self._clock.time()
        with self._file.writing() as cursor:
            cursor.executemany(
                "INSERT INTO hints (writer, written_at, session_id) VALUES (?, ?, ?)",
                [(self._writer, now, session_id) for session_id in session_ids],
            )
            self._delete(cursor)

    def read(self) -> Sequence[str]:
        """The sessions in the rows of others since the last read; the first time, in those of the last three minutes.

        A watcher that reads also deletes old rows, in case no one writes any more.
        """
        self._sweep()
        with self._file.reading() as cursor:
            rows = cursor.execute(_READ, self._values()).fetchall()
        self._last = rows[0][0] if rows else self._last
        return [str(session_id) for _, writer, session_id in reversed(rows) if writer != self._writer]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _sweep(self) -> None:
        now = self._clock.monotonic()
        if now - self._swept_at < LIMITS.sweep:
            return
        self._swept_at = now
        with self._file.reading() as cursor:
            is_empty = cursor.execute("SELECT 1 FROM hints LIMIT 1").fetchone() is None
        if not is_empty:
            with self._file.writing() as cursor:
                self._delete(cursor)

    def _delete(self, cursor: Cursor) -> None:
        cursor.execute(_DELETE, self._values())

    def _values(self) -> dict[str, float]:
        return {"now": self._clock.time(), "life": LIMITS.life, "rows": LIMITS.rows, "last": self._last}


def open_hint_log(settings: Settings, clock: Clock) -> SqliteHintLog:
    """The hint log beside the ledger that the settings name."""
    return SqliteHintLog(settings.ledger_path, clock)
