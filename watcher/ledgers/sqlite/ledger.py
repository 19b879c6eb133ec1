"""The ledger in an SQLite file, by default the queue's own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby, islice
from pathlib import Path
from sqlite3 import Cursor
from typing import Any, TypeVar

from watcher.config.settings import Settings
from watcher.domain.errors import LedgerError
from watcher.domain.model import DecisionEvent, LedgerEntry, SessionKey
from watcher.domain.ports import Clock
from watcher.ledgers.reading import MOST_TEXT, fault_in
from watcher.ledgers.sqlite.retention import Retention
from watcher.util.sqlite_file import Schema, SqliteFile
from watcher.util.sqlite_values import text_in, time_in

T = TypeVar("T")

# The unique index makes the first decision win; AUTOINCREMENT makes `after` see every entry once.
SCHEMA = Schema(
    "ledger",
    (
        (
            """CREATE TABLE ledger_entries (
                sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                session_id TEXT NOT NULL,
                policy TEXT NOT NULL,
                recorded_at REAL NOT NULL,
                settled_at REAL,
                body TEXT NOT NULL,
                trail TEXT NOT NULL)""",
            "CREATE UNIQUE INDEX ledger_keys ON ledger_entries (session_id, policy)",
            """CREATE TABLE ledger_deliveries (
                sequence INTEGER NOT NULL REFERENCES ledger_entries,
                sink TEXT NOT NULL,
                delivered_at REAL NOT NULL,
                PRIMARY KEY (sequence, sink)) WITHOUT ROWID""",
        ),
    ),
)

_CHUNK = 100
"""Keys or entries in one statement: up to five variables each, and the oldest SQLite allows 999.

Many in one, because each step of a statement releases the interpreter's lock, for which a busy watcher has to queue
again.
"""

_RECORD = """INSERT INTO ledger_entries (session_id, policy, recorded_at, body, trail) VALUES {rows}
    ON CONFLICT DO NOTHING"""

# A join, because SQLite reads the whole table for `(session_id, policy) IN (VALUES ...)`.
_WANTED = """(VALUES {rows}) AS wanted
    JOIN ledger_entries ON session_id = wanted.column1 AND policy = wanted.column2"""

_FIND = f"SELECT ledger_entries.* FROM {_WANTED}"  # noqa: S608 - constants

# `WHERE true`: without it, ON CONFLICT would be parsed as part of the join.
_DELIVERED = f"""INSERT INTO ledger_deliveries (sequence, sink, delivered_at)
    SELECT sequence, ?, ? FROM {_WANTED} WHERE true ON CONFLICT DO NOTHING"""  # noqa: S608 - likewise

_MARK_ACKED = f"""UPDATE ledger_entries SET settled_at = coalesce(settled_at, ?)
    WHERE sequence IN (SELECT sequence FROM {_WANTED})"""  # noqa: S608 - likewise


class SqliteLedger:
    """The ledger in the file at `path`; with `create=False` only an existing one is opened, to read it.

    Raises:
        LedgerError: here and in every method, when the file can't be used; the text names it and the fix.
    """

    def __init__(self, path: Path, clock: Clock, *, create: bool = True) -> None:
        self._clock = clock
        self._file = SqliteFile(path, SCHEMA, LedgerError, create=create)
        self._retention = Retention(self._file, clock)

    def find(self, keys: Iterable[SessionKey]) -> Mapping[SessionKey, LedgerEntry]:
        """The entries that exist for these keys."""
        with self._file.reading() as cursor:
            return _find(cursor, keys)

    def record(self, events: Sequence[tuple[DecisionEvent, str]]) -> Sequence[LedgerEntry]:
        """Write each decision unless there is one; returns the entries that stand, once they are on disk."""
        if not events:
            return []
        now = self._clock.time()
        with self._file.writing() as cursor:
            recorded = [entry for chunk in _chunks(events) for entry in _insert(cursor, chunk, now)]
            if len(recorded) == len(events):
                return recorded
            standing = _find(cursor, (event.key for event, _ in events))
        return [standing[event.key] for event, _ in events]

    def mark_delivered(self, keys: Sequence[SessionKey], sink: str) -> None:
        """Record that `sink` has these events; the first time stays."""
        now = self._clock.time()
        with self._file.writing() as cursor:
            for chunk in _chunks(keys):
                cursor.execute(_for_many(_DELIVERED, chunk, 2), (sink, now, *chain.from_iterable(chunk)))

    def mark_acked(self, keys: Sequence[SessionKey]) -> None:
        """Record that these messages are acked; the first time stays."""
        now = self._clock.time()
        with self._file.writing() as cursor:
            for chunk in _chunks(keys):
                cursor.execute(_for_many(_MARK_ACKED, chunk, 2), (now, *chain.from_iterable(chunk)))
        # Here, because nothing waits for an ack; and without acks there are no decisions, so the file does not grow.
        self._retention.delete_expired()

    def recent(self, limit: int, session_id: str | None = None) -> Sequence[LedgerEntry]:
        """The newest `limit` entries, oldest first."""
        where = "" if session_id is None else "WHERE session_id = :session_id"
        with self._file.reading() as cursor:
            return _entries(
                cursor,
                f"SELECT * FROM ledger_entries {where} ORDER BY sequence DESC LIMIT :limit",  # noqa: S608 - constants
                {"session_id": session_id, "limit": limit},
            )

    def after(self, sequence: int, limit: int) -> Sequence[LedgerEntry]:
        """Entries recorded after the one with this `sequence`, in order."""
        with self._file.reading() as cursor:
            return _entries(
                cursor,
                "SELECT * FROM ledger_entries WHERE sequence > ? ORDER BY sequence LIMIT ?",
                (sequence, limit),
            )

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_ledger(settings: Settings, clock: Clock) -> SqliteLedger:
    """The ledger that the settings name."""
    return SqliteLedger(settings.ledger_path, clock)


def open_reader(settings: Settings, clock: Clock) -> SqliteLedger:
    """The ledger that the settings name, if it exists."""
    return SqliteLedger(settings.ledger_path, clock, create=False)


def _find(cursor: Cursor, keys: Iterable[SessionKey]) -> dict[SessionKey, LedgerEntry]:
    found: dict[SessionKey, LedgerEntry] = {}
    for chunk in _chunks(dict.fromkeys(keys)):
        entries = _entries(cursor, _for_many(_FIND, chunk, 2), list(chain.from_iterable(chunk)))
        found.update((entry.event.key, entry) for entry in entries)
    return found


def _insert(cursor: Cursor, events: Sequence[tuple[DecisionEvent, str]], now: float) -> Sequence[LedgerEntry]:
    """Insert the missing ones; returns the new entries if those were all of them, else none."""
    rows = [part for event, trail in events for part in (*event.key, now, event.body, trail)]
    if cursor.execute(_for_many(_RECORD, events, 5), rows).rowcount != len(events) or cursor.lastrowid is None:
        return []
    # Without a conflict AUTOINCREMENT increments by one, and no one else writes during this transaction.
    first = cursor.lastrowid - len(events) + 1
    return [LedgerEntry(event, now, trail, sequence=number) for number, (event, trail) in enumerate(events, first)]


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """All of these, as many at a time as one statement takes."""
    rest = iter(items)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


def _for_many(statement: str, items: Sequence[object], width: int) -> str:
    """The statement with a row of this many variables for each item."""
    return statement.format(rows=", ".join([f"({', '.join('?' * width)})"] * len(items)))


def _entries(cursor: Cursor, query: str, values: Sequence[Any] | Mapping[str, Any]) -> list[LedgerEntry]:
    """The entries that `query` selects, each with its deliveries, in the order they were recorded."""
    rows: Iterator[tuple[Any, ...]] = cursor.execute(
        f"""SELECT e.sequence, e.session_id, e.policy, e.recorded_at, e.settled_at,
            {_bounded("e.body")}, {_bounded("e.trail")}, d.sink, d.delivered_at
        FROM ({query}) AS e LEFT JOIN ledger_deliveries AS d USING (sequence) ORDER BY e.sequence""",  # noqa: S608
        values,
    )
    return [_entry(entry, list(deliveries)) for entry, deliveries in groupby(rows, lambda row: row[:7])]


def _bounded(column: str) -> str:
    """The column; NULL if it is larger than what a ledger writes."""
    return f"CASE WHEN length(CAST({column} AS BLOB)) <= {MOST_TEXT} THEN {column} END"


def _entry(columns: tuple[Any, ...], rows: list[tuple[Any, ...]]) -> LedgerEntry:
    sequence, session_id, policy, recorded_at, acked_at, body, trail = columns
    event = DecisionEvent(SessionKey(text_in(session_id), text_in(policy)), text_in(body))
    return LedgerEntry(
        event=event,
        recorded_at=time_in(recorded_at) or 0.0,
        trail=text_in(trail),
        delivered={text_in(sink): time_in(at) or 0.0 for *_, sink, at in rows if sink is not None},
        acked_at=time_in(acked_at),
        sequence=sequence,
        fault=fault_in(event),
    )
