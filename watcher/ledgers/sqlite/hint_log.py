"""The hint log in the ledger's SQLite file: rows that every process on the file reads by number."""

from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from watcher.config.settings import Settings
from watcher.domain.errors import LedgerError
from watcher.domain.ports import Clock
from watcher.util.sqlite_file import Schema, SqliteFile

# A separate part: readers of the ledger don't need it, and older files without it stay readable.
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


class SqliteHintLog:
    """The hint log in the file at `path`.

    Raises:
        LedgerError: here and in every method, when the file can't be used.
    """

    interval = 0.25
    """Seconds between two reads: one takes 20 microseconds."""

    life = 180.0
    """Seconds that a row is kept: as long as a session lives."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._writer = uuid4().hex
        self._file = SqliteFile(path, SCHEMA, LedgerError)
        self._last = 0

    def write(self, session_ids: Sequence[str]) -> None:
        """Write a row for each, and delete old ones."""
        now = self._clock.time()
        with self._file.writing() as cursor:
            cursor.execute("DELETE FROM hints WHERE number <= ? AND written_at < ?", (self._last, now - self.life))
            cursor.executemany(
                "INSERT INTO hints (writer, written_at, session_id) VALUES (?, ?, ?)",
                [(self._writer, now, session_id) for session_id in session_ids],
            )

    def read(self) -> Sequence[str]:
        """The sessions in the rows of others since the last read."""
        with self._file.reading() as cursor:
            rows = cursor.execute(
                "SELECT number, writer, session_id FROM hints WHERE number > ? ORDER BY number", (self._last,)
            ).fetchall()
        self._last = rows[-1][0] if rows else self._last
        return [str(session_id) for _, writer, session_id in rows if writer != self._writer]

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_hint_log(settings: Settings, clock: Clock) -> SqliteHintLog:
    """The hint log beside the ledger that the settings name."""
    return SqliteHintLog(settings.ledger_path, clock)
