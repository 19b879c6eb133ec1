"""The embedded queue: one SQLite file, any number of watchers and producers on it.

A message is leased, never taken away: only `ack` and `bury` delete it, so that a watcher that dies loses nothing.
Leases are measured with the wall clock, because processes (and reboots) share it.
"""

import secrets
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from threading import Event
from typing import Any

from watcher.config.settings import Settings
from watcher.config.urls import sqlite_path
from watcher.errors import QueueError
from watcher.model import MAX_MESSAGE_BYTES, DeadReason, Delivery, Lease, QueueDepth
from watcher.ports import Clock
from watcher.queues.sqlite_dead import SqliteDeadLetters
from watcher.sqlite_file import BUSY_TIMEOUT, Schema, SqliteFile
from watcher.sqlite_values import count_in, text_in, time_in

FIRST_LOOK, LAST_LOOK, LOOK_GROWTH = 0.2, 0.5, 1.25
"""Seconds between two looks at an empty queue, growing from the first to the last."""

# AUTOINCREMENT: an id that was used never comes again, or a late ack could hit another message.
# A message that waits has `visible_at` and `lease_seconds` 0. The index keeps `receive` cheap however many messages
# wait or are leased; the queries name it, because SQLite would rather read the whole table in the order of ids.
SCHEMA = Schema(
    "queue",
    (
        (
            """CREATE TABLE queue_messages (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                sent_at REAL NOT NULL,
                receive_count INTEGER NOT NULL DEFAULT 0,
                token TEXT,
                visible_at REAL NOT NULL DEFAULT 0,
                lease_seconds REAL NOT NULL DEFAULT 0,
                body TEXT NOT NULL)""",
            "CREATE INDEX queue_visibility ON queue_messages (visible_at, lease_seconds)",
        ),
    ),
)

# A lease that ends further away than it is long was given before the wall clock jumped back: without the second
# condition its message would be frozen for as long as the jump. The slack is for clocks that are set a little.
CLOCK_SLACK = 5.0
_EXPIRED = f"(visible_at <= :now OR visible_at > :now + lease_seconds + {CLOCK_SLACK})"
_WAITING_ROWS = "queue_messages INDEXED BY queue_visibility WHERE visible_at = 0 AND lease_seconds = 0"
_LEASED_ROWS = "queue_messages INDEXED BY queue_visibility WHERE visible_at > 0"

_COUNT = f"""SELECT (SELECT count(*) FROM {_WAITING_ROWS}), (SELECT count(*) FROM {_LEASED_ROWS}),
    (SELECT count(*) FROM {_LEASED_ROWS} AND {_EXPIRED}),
    (SELECT sent_at FROM queue_messages ORDER BY id LIMIT 1)"""  # noqa: S608 - no outside text in it

_FREE = f"""SELECT id FROM (SELECT id FROM {_WAITING_ROWS} ORDER BY id LIMIT :limit)
    UNION ALL SELECT id FROM (SELECT id FROM {_LEASED_ROWS} AND {_EXPIRED} ORDER BY id LIMIT :limit)
    ORDER BY id LIMIT :limit"""  # noqa: S608 - likewise

_TAKE = f"""UPDATE queue_messages
    SET token = :token, visible_at = :now + :lease, lease_seconds = :lease, receive_count = receive_count + 1
    WHERE id IN ({_FREE}) RETURNING id, receive_count, sent_at, body"""  # noqa: S608 - likewise

_HELD = "WHERE id = :id AND token = :token"
_EXTEND = f"UPDATE queue_messages SET visible_at = :now + :lease, lease_seconds = :lease {_HELD}"  # noqa: S608
_RELEASE = f"UPDATE queue_messages SET visible_at = 0, lease_seconds = 0, token = NULL {_HELD}"  # noqa: S608
_ACK = f"DELETE FROM queue_messages {_HELD}"  # noqa: S608


class SqliteQueue:
    """The queue in the file at `path`; leases last `visibility_timeout` seconds.

    Dead letters go to `dead_letter_path`, or into the same file.

    Raises:
        QueueError: here and in every method, when the file can't be used; the text names it and the fix.
    """

    max_batch = 100

    def __init__(
        self, path: Path, visibility_timeout: float, clock: Clock, dead_letter_path: Path | None = None
    ) -> None:
        self._clock = clock
        self._lease = visibility_timeout
        self._file = SqliteFile(path, SCHEMA, QueueError)
        try:
            self.dead_letters = SqliteDeadLetters(self._file, dead_letter_path or path, clock)
        except BaseException:
            self._file.close()
            raise

    def receive(self, limit: int, wait: float, stop: Event) -> list[Delivery]:
        """Up to `limit` messages (at most `max_batch`), the oldest first; see the port."""
        deadline = self._clock.monotonic() + wait
        pause = FIRST_LOOK
        while not stop.is_set() and limit > 0:
            deliveries = self._take(min(limit, self.max_batch))
            left = deadline - self._clock.monotonic()
            if deliveries or left <= 0:
                return deliveries
            stop.wait(min(pause, left))
            pause = min(pause * LOOK_GROWTH, LAST_LOOK)
        return []

    def extend(self, leases: Sequence[Lease]) -> list[Lease]:
        """A full visibility time-out from now for each; see the port."""
        return self._for_each(leases, _EXTEND)

    def ack(self, leases: Sequence[Lease]) -> list[Lease]:
        """Delete the messages; see the port."""
        return self._for_each(leases, _ACK)

    def release(self, leases: Sequence[Lease], seconds: float = BUSY_TIMEOUT) -> None:
        """Give the messages back; it may take as long as another process holds the file's lock. See the port."""
        self._for_each(leases, _RELEASE)

    def bury(self, delivery: Delivery, reason: DeadReason, detail: str) -> str | None:
        """Move the message to the dead letters. One whose lease was lost stays: it is another watcher's to judge."""
        return self.dead_letters.add(delivery, reason, detail)

    def send(self, bodies: Sequence[str]) -> None:
        """Put messages on the queue, all or none.

        Raises:
            QueueError: one is over 256 KiB or not text that UTF-8 can hold; or see the class.
        """
        for position, body in enumerate(bodies, 1):
            _check(body, position)
        with self._file.writing() as cursor:
            now = self._clock.time()
            cursor.executemany(
                "INSERT INTO queue_messages (sent_at, body) VALUES (?, ?)", ((now, body) for body in bodies)
            )

    def depth(self) -> QueueDepth:
        """How many wait, are leased and dead; an expired lease counts as waiting."""
        with self._file.reading() as cursor:
            now = self._clock.time()
            waiting, leased, expired, first_sent_at = cursor.execute(_COUNT, {"now": now}).fetchone()
        return QueueDepth(
            visible=waiting + expired,
            leased=leased - expired,
            dead=self.dead_letters.count(),
            oldest_age=None if (sent_at := time_in(first_sent_at)) is None else max(0.0, now - sent_at),
        )

    def close(self, seconds: float = BUSY_TIMEOUT) -> None:
        """Close the file."""
        self.dead_letters.close()
        self._file.close()

    def _take(self, limit: int) -> list[Delivery]:
        # Look before locking: an idle watcher must not keep the producers from writing.
        with self._file.reading() as cursor:
            if not cursor.execute(_FREE, {"now": self._clock.time(), "limit": 1}).fetchone():
                return []
        token = secrets.token_hex(8)
        with self._file.writing() as cursor:
            # The time is read under the lock: one from before the wait for it would be behind the leases that others
            # took meanwhile, which would look like a clock that jumped.
            values: dict[str, Any] = {
                "now": self._clock.time(),
                "limit": limit,
                "lease": self._lease,
                "token": token,
            }
            rows = cursor.execute(_TAKE, values).fetchall()
        # RETURNING promises no order.
        return [_delivery(row, token, values["now"]) for row in sorted(rows, key=itemgetter(0))]

    def _for_each(self, leases: Sequence[Lease], statement: str) -> list[Lease]:
        """Run a statement for each lease that still holds; returns those that don't."""
        if not leases:
            return []
        with self._file.writing() as cursor:
            values = {"now": self._clock.time(), "lease": self._lease}
            return [
                lease
                for lease in leases
                if not cursor.execute(statement, {**values, "id": lease.message_id, "token": lease.receipt}).rowcount
            ]


def _delivery(row: Sequence[Any], token: str, now: float) -> Delivery:
    """The message in a row. One that says no sent time is dead: it was `now`, so that a replay has one."""
    message_id, receive_count, sent_at, body = row
    lease = Lease(token, str(message_id), count_in(receive_count))
    known = time_in(sent_at)
    fault = "" if known is not None else "its row in the queue's file has no sent time that can be read"
    return Delivery(lease, text_in(body), now if known is None else known, fault=fault)


def _check(body: str, position: int) -> None:
    try:
        size = len(body.encode())
    except UnicodeEncodeError as error:
        raise QueueError(f"message {position} is not valid text (a lone surrogate): send proper Unicode") from error
    if size > MAX_MESSAGE_BYTES:
        raise QueueError(
            f"message {position} has {size} bytes: {MAX_MESSAGE_BYTES} (256 KiB) is the most a message may have"
        )


def open_queue(settings: Settings, clock: Clock) -> SqliteQueue:
    """The queue that the settings name."""
    queue = settings.queue
    dead_letter_path = sqlite_path(queue.dead_letter_url) if queue.dead_letter_url else None
    return SqliteQueue(sqlite_path(queue.url), queue.visibility_timeout, clock, dead_letter_path)
