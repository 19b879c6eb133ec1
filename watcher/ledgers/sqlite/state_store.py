"""The learned schedule in the ledger's SQLite file: one row that each save replaces."""

from pathlib import Path

from watcher.config.settings import Settings
from watcher.domain.errors import LedgerError
from watcher.domain.ports import Clock
from watcher.util.sqlite_file import Schema, SqliteFile

# A separate part: readers of the ledger don't need it, and older files without it stay readable.
SCHEMA = Schema(
    "memory",
    (("CREATE TABLE learned (id INTEGER PRIMARY KEY CHECK (id = 1), saved_at REAL NOT NULL, body TEXT NOT NULL)",),),
)


class SqliteStateStore:
    """The state store in the file at `path`.

    Raises:
        LedgerError: here and in every method, when the file can't be used.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._file = SqliteFile(path, SCHEMA, LedgerError)

    def load(self) -> str | None:
        """What was saved last."""
        with self._file.reading() as cursor:
            row = cursor.execute("SELECT body FROM learned").fetchone()
        return str(row[0]) if row else None

    def save(self, text: str) -> None:
        """Replace what was saved before."""
        with self._file.writing() as cursor:
            cursor.execute("INSERT OR REPLACE INTO learned VALUES (1, ?, ?)", (self._clock.time(), text))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_state_store(settings: Settings, clock: Clock) -> SqliteStateStore:
    """The state store beside the ledger that the settings name."""
    return SqliteStateStore(settings.ledger_path, clock)
