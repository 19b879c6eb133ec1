"""In which order the embedded queue's messages come, and that many waiting ones don't make that slower."""

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from tests.support import START, ManualClock
from watcher.domain.errors import QueueError
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.queues.sqlite.schema import EXPIRED, LEASED_ROWS, SCHEMA, WAITING_ROWS, Moment
from watcher.util.sqlite_file import Schema, SqliteFile

OLD = range(2, len(SCHEMA.steps))
"""Earlier versions with the columns of today."""


def create(path: Path, steps: int) -> None:
    with closing(SqliteFile(path, Schema("queue", SCHEMA.steps[:steps]), QueueError)):
        pass


def test_the_oldest_waiting_ones_are_found_without_sorting_all(tmp_path: Path) -> None:
    """Sorting 60,000 took four times as long as all the rest of a receive."""
    create(tmp_path / "q.db", len(SCHEMA.steps))
    with closing(sqlite3.connect(tmp_path / "q.db")) as connection:
        query = f"EXPLAIN QUERY PLAN SELECT id FROM {WAITING_ROWS} ORDER BY id LIMIT 10"  # noqa: S608 - our own text
        plan = connection.execute(query).fetchall()
    assert [step[3] for step in plan] == [
        "SEARCH queue_messages USING COVERING INDEX queue_waiting (visible_at=? AND lease_seconds=?)"
    ]


def test_the_leased_ones_are_told_apart_by_an_index_alone(tmp_path: Path) -> None:
    """The messages themselves are large."""
    create(tmp_path / "q.db", len(SCHEMA.steps))
    values = Moment.read(ManualClock(), 1).values
    with closing(sqlite3.connect(tmp_path / "q.db")) as connection:
        query = f"EXPLAIN QUERY PLAN SELECT count(*) FROM {LEASED_ROWS} AND {EXPIRED}"  # noqa: S608 - likewise
        assert "USING COVERING INDEX queue_leases" in connection.execute(query, values).fetchone()[3]


@pytest.mark.parametrize("steps", OLD)
def test_a_file_of_an_earlier_version_gives_all_messages_oldest_first(tmp_path: Path, steps: int) -> None:
    path, clock = tmp_path / "q.db", ManualClock()
    create(path, steps)
    gone = clock.monotonic() - 1
    rows = [
        ("released", "t", 0, 0, 1, gone + 60),  # by that version, which left the lease's marks
        ("waits", None, 0, 0, None, None),
        ("expired", "t", START - 1, 60, 1, gone),
        ("waits too", None, 0, 0, None, None),
        ("leased", "t", START + 50, 60, 1, gone + 51),
    ]
    with closing(sqlite3.connect(path)) as old, old:
        old.executemany(
            """INSERT INTO queue_messages
                (sent_at, body, token, visible_at, lease_seconds, lease_boot, lease_until)
                VALUES (?, ?, ?, ?, ?, ?, ?)""",
            [(START, *row) for row in rows],
        )
    with closing(SqliteQueue(path, 60, clock, boot=1)) as queue:
        assert [message.body for message in queue.receive(10, 0, Event())] == [body for body, *_ in rows[:-1]]
        clock.advance(52)
        assert [message.body for message in queue.receive(10, 0, Event())] == ["leased"]
