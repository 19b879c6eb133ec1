"""What tests do with the embedded queue and its file."""

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event

from watcher.domain.model import ReceivedMessage
from watcher.queues.sqlite.queue import SqliteQueue

NEVER = Event()


def receive(queue: SqliteQueue, limit: int = 10) -> list[ReceivedMessage]:
    return queue.receive(limit, 0, NEVER)


def write(path: Path, statement: str, *values: object) -> None:
    """Somebody else's hand in the file."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)
