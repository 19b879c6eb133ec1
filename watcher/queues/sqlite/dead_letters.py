"""The embedded queue's dead letters: in its own file, or in another one that several queues can share."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from sqlite3 import Cursor
from typing import Any

from watcher.domain.errors import QueueError
from watcher.domain.model import DeadLetter, DeadReason, ReceivedMessage
from watcher.domain.ports import Clock
from watcher.queues.sqlite.schema import SEND
from watcher.util.sqlite_file import Schema, SqliteFile
from watcher.util.sqlite_values import count_in, text_in, time_in

# `origin` (the queue's file), `message_id` and `sent_at` identify a letter that was written twice: after a crash
# between the two files the message is redelivered.
SCHEMA = Schema(
    "dead letters",
    (
        (
            """CREATE TABLE dead_letters (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                origin TEXT NOT NULL,
                message_id TEXT NOT NULL,
                sent_at REAL NOT NULL,
                dead_at REAL NOT NULL,
                receive_count INTEGER NOT NULL,
                reason TEXT NOT NULL,
                detail TEXT NOT NULL,
                body TEXT NOT NULL,
                UNIQUE (origin, message_id, sent_at))""",
        ),
        # When the message was sent, on the monotonic clock: restored when it goes back to the queue.
        (
            "ALTER TABLE dead_letters ADD COLUMN sent_boot INTEGER",
            "ALTER TABLE dead_letters ADD COLUMN sent_clock REAL",
        ),
    ),
)

_COLUMNS = "SELECT id, body, reason, detail, sent_at, dead_at, receive_count FROM dead_letters"

_HELD = "SELECT sent_boot, sent_clock FROM queue_messages WHERE id = ? AND token = ?"
_TAKE_OUT = "DELETE FROM queue_messages WHERE id = ? AND token = ?"

_PUT_IN = """INSERT INTO dead_letters
    (origin, message_id, sent_at, dead_at, receive_count, reason, detail, body, sent_boot, sent_clock)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""

_KNOWN = "SELECT id FROM dead_letters WHERE origin = ? AND message_id = ? AND sent_at = ?"


class SqliteDeadLetters:
    """The dead letters of the queue in `queue`, kept in the file at `path` (which may be the same one).

    With two files, a message is written to its destination before it is deleted from its source: a crash in between
    can duplicate it, but never lose it.

    Raises:
        QueueError: here and in every method, when a file can't be used.
    """

    def __init__(self, queue: SqliteFile, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._queue = queue
        # A second connection even for the same file, so that its tables are prepared like any other's.
        self._file = SqliteFile(path, SCHEMA, QueueError)
        self._same = self._file.path.samefile(queue.path)

    def add(self, message: ReceivedMessage, reason: DeadReason, detail: str) -> str | None:
        """Move a message here if its lease is still held; returns its id here, None if it was not moved."""
        held = (message.lease.message_id, message.lease.receipt)
        letter = self._letter(message, reason, detail)
        if self._same:
            with self._queue.writing() as cursor:
                sent = cursor.execute(_HELD, held).fetchone()
                return _put_in(cursor, (*letter, *sent)) if sent and cursor.execute(_TAKE_OUT, held) else None
        # Never both locks at once: `replay` takes them in one order, and this would be the other.
        with self._queue.reading() as cursor:
            sent = cursor.execute(_HELD, held).fetchone()
        if sent is None:
            return None
        with self._file.writing() as cursor:
            letter_id = _put_in(cursor, (*letter, *sent))
        with self._queue.writing() as cursor:
            cursor.execute(_TAKE_OUT, held)
        return letter_id

    def count(self) -> int:
        """How many there are."""
        with self._file.reading() as cursor:
            return int(cursor.execute("SELECT count(*) FROM dead_letters").fetchone()[0])

    def list(self, limit: int) -> Sequence[DeadLetter]:
        """The oldest `limit` dead letters."""
        with self._file.reading() as cursor:
            return _letters(cursor.execute(f"{_COLUMNS} ORDER BY id LIMIT ?", (limit,)))

    def replay(self, ids: Sequence[str] | None) -> int:
        """Put these (None: all) back on the queue; returns how many.

        They keep the time at which they were first sent. A session's deadline counts from it if the message has no
        `createdAt`, and a session lives three minutes however often its message is sent.
        """
        with self._both() as (queue, dead):
            rows = _select(dead, ids)
            queue.executemany(SEND, (row[1:] for row in rows))
            dead.executemany("DELETE FROM dead_letters WHERE id = ?", ((row[0],) for row in rows))
        return len(rows)

    def drop(self, ids: Sequence[str] | None) -> int:
        """Delete these (None: all) permanently; returns how many."""
        with self._file.writing() as cursor:
            rows = _select(cursor, ids)
            cursor.executemany("DELETE FROM dead_letters WHERE id = ?", ((row[0],) for row in rows))
        return len(rows)

    def close(self) -> None:
        """Close the dead letters' file; the queue closes its own."""
        self._file.close()

    @contextmanager
    def _both(self) -> Iterator[tuple[Cursor, Cursor]]:
        """Cursors on the queue and the dead letters, each in a transaction; the queue's is committed first."""
        if self._same:
            with self._queue.writing() as cursor:
                yield cursor, cursor
        else:
            with self._file.writing() as dead, self._queue.writing() as queue:
                yield queue, dead

    def _letter(self, message: ReceivedMessage, reason: DeadReason, detail: str) -> tuple[str | float, ...]:
        return (
            str(self._queue.path),
            message.lease.message_id,
            message.sent_at,
            self._clock.time(),
            message.lease.receive_count,
            str(reason),
            _storable(detail),
            _storable(message.body),
        )


def search_in(path: Path, text: str) -> Sequence[DeadLetter]:
    """The dead letters with `text` in their bodies in the file at `path`, which is not changed.

    Raises:
        QueueError: it can't be read.
    """
    with closing(SqliteFile(path, SCHEMA, QueueError, create=False)) as file, file.reading() as cursor:
        return _letters(cursor.execute(f"{_COLUMNS} WHERE instr(body, ?) > 0 ORDER BY id", (text,)))


def _letters(rows: Cursor) -> list[DeadLetter]:
    return [_dead_letter(*row) for row in rows]


def _dead_letter(
    letter_id: object, body: object, reason: object, detail: object, sent_at: object, dead_at: object, count: object
) -> DeadLetter:
    return DeadLetter(
        id=str(letter_id),
        body=text_in(body),
        reason=text_in(reason),
        detail=text_in(detail),
        sent_at=time_in(sent_at) or 0.0,
        dead_at=time_in(dead_at) or 0.0,
        receive_count=count_in(count),
    )


def _put_in(cursor: Cursor, letter: Sequence[str | float]) -> str:
    cursor.execute(_PUT_IN, letter)
    # Queried, because one that existed already does not have the last id that was inserted.
    (letter_id,) = cursor.execute(_KNOWN, letter[:3]).fetchone()
    return str(letter_id)


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _select(cursor: Cursor, ids: Sequence[str] | None) -> list[tuple[Any, ...]]:
    columns = "SELECT id, sent_at, sent_boot, sent_clock, body FROM dead_letters"
    if ids is None:
        return cursor.execute(f"{columns} ORDER BY id").fetchall()
    found = (cursor.execute(f"{columns} WHERE id = ?", (letter_id,)).fetchone() for letter_id in dict.fromkeys(ids))
    return [row for row in found if row]
