"""What people, but not the watcher, do with the embedded queue: search it and manage its dead letters."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from watcher.config.settings import Settings
from watcher.config.urls import sqlite_path
from watcher.domain.errors import QueueError
from watcher.domain.model import DeadLetter
from watcher.domain.ports import Clock
from watcher.queues import QueuedMessage
from watcher.queues.sqlite.dead_letters import SqliteDeadLetters, search_in
from watcher.queues.sqlite.queue import open_queue
from watcher.queues.sqlite.schema import EXPIRED, SCHEMA, Moment
from watcher.util.clock import this_boot
from watcher.util.files import is_there
from watcher.util.sqlite_file import SqliteFile
from watcher.util.sqlite_values import count_in, text_in, time_in

_SEARCH = f"""SELECT id, body, sent_at, receive_count,
        CASE WHEN visible_at = 0 OR {EXPIRED} THEN NULL
            WHEN lease_boot = :boot THEN :now + lease_until - :clock ELSE visible_at END
    FROM queue_messages WHERE instr(body, :text) > 0 ORDER BY id"""  # noqa: S608 - no outside text in it


def search(settings: Settings, clock: Clock, text: str) -> Sequence[QueuedMessage]:
    """The messages that contain `text`; none if there is no queue yet.

    Raises:
        QueueError: the file can't be read.
    """
    path = sqlite_path(settings.queue.url)
    if not is_there(path):
        return []
    with closing(SqliteFile(path, SCHEMA, QueueError, create=False)) as file, file.reading() as cursor:
        rows = cursor.execute(_SEARCH, {**Moment.read(clock, this_boot()).values, "text": text}).fetchall()
    return [
        QueuedMessage(str(number), text_in(body), time_in(sent_at) or 0.0, count_in(count), time_in(until))
        for number, body, sent_at, count, until in rows
    ]


def search_dead(settings: Settings, text: str) -> Sequence[DeadLetter]:
    """The dead letters that contain `text`; none if there is no file for them yet.

    Raises:
        QueueError: the file can't be read.
    """
    path = sqlite_path(settings.queue.dead_letter_url or settings.queue.url)
    return search_in(path, text) if is_there(path) else []


@contextmanager
def open_dead_letters(settings: Settings, clock: Clock) -> Iterator[SqliteDeadLetters]:
    """The dead letters of the queue that the settings name; does not create a queue."""
    path = sqlite_path(settings.queue.url)
    if not is_there(path):
        raise QueueError(f"{path.absolute()}: no queue yet (queue.url): `watcher enqueue` creates it")
    with closing(open_queue(settings, clock)) as queue:
        yield queue.dead_letters
