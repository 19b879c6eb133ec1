"""Deletes old entries of the SQLite ledger, a few at a time, so that no other writer waits long."""

from collections.abc import Sequence

import structlog

from watcher.domain.errors import LedgerError
from watcher.domain.ports import Clock
from watcher.ledgers.retention import LIFE
from watcher.util.sqlite_file import SqliteFile

log = structlog.get_logger(__name__)

PAUSE = 5.0
"""Seconds between two runs."""

AT_ONCE = 500
"""Entries checked in one run, a few milliseconds of work: a hundred a second, more than can be decided."""

_OLDEST = """SELECT sequence, recorded_at, settled_at FROM ledger_entries WHERE sequence > ?
    ORDER BY sequence LIMIT ?"""


class Retention:
    """Deletes the entries in `file` that were decided LIFE seconds ago and are acked.

    Entries that are not acked stay, because their messages may be redelivered. Deleting makes room in the file for
    new entries; the file does not shrink.
    """

    def __init__(self, file: SqliteFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._looked_at = clock.monotonic() - PAUSE
        self._passed = 0

    def delete_expired(self) -> None:
        """Delete some old entries, if it is time; a failure is logged, and retried next time."""
        now = self._clock.monotonic()
        if now - self._looked_at < PAUSE:
            return
        self._looked_at = now
        try:
            self._delete_expired()
        except LedgerError as error:
            log.warning("retention_failed", error=str(error), consequence="old entries stay until the next try")

    def _delete_expired(self) -> None:
        limit = self._clock.time() - LIFE
        with self._file.reading() as cursor:
            oldest = cursor.execute(_OLDEST, (self._passed, AT_ONCE)).fetchall()
        old = [(sequence, acked_at) for sequence, recorded_at, acked_at in oldest if recorded_at < limit]
        if not old:
            return
        self._delete([sequence for sequence, acked_at in old if acked_at is not None])
        # Move past entries that have to stay, or many of them would hide all later ones.
        self._passed = old[-1][0]

    def _delete(self, sequences: Sequence[int]) -> None:
        if not sequences:
            return
        rows = [(sequence,) for sequence in sequences]
        with self._file.writing() as cursor:
            cursor.executemany("DELETE FROM ledger_deliveries WHERE sequence = ?", rows)
            cursor.executemany("DELETE FROM ledger_entries WHERE sequence = ?", rows)
        log.debug("entries_deleted", entries=len(rows))
