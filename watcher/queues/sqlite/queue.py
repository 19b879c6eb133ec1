"""The embedded queue: one SQLite file, any number of watchers and producers on it.

A message is leased, not removed: only `ack` and `dead_letter` delete it, so that a watcher that dies loses nothing.
Leases and ages are measured on the monotonic clock; see `schema`.
"""

import secrets
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from threading import Event
from typing import Any

from watcher.config.settings import Settings
from watcher.config.urls import sqlite_path
from watcher.domain.errors import QueueError
from watcher.domain.limits import MAX_MESSAGE_BYTES
from watcher.domain.model import DeadReason, Lease, QueueDepth, ReceivedMessage
from watcher.domain.ports import Clock
from watcher.queues.sqlite.dead_letters import SqliteDeadLetters
from watcher.queues.sqlite.schema import EXPIRED, LEASED_ROWS, SCHEMA, SEND, SENT_COLUMNS, WAITING_ROWS, Moment
from watcher.util.clock import this_boot
from watcher.util.sqlite_errors import BUSY_TIMEOUT
from watcher.util.sqlite_file import SqliteFile
from watcher.util.sqlite_values import count_in, text_in, time_in

FIRST_PAUSE, LAST_PAUSE, PAUSE_GROWTH = 0.2, 0.5, 1.25
"""Seconds between two checks of an empty queue, growing from the first to the last."""

_COUNT = f"""SELECT (SELECT count(*) FROM {WAITING_ROWS}), (SELECT count(*) FROM {LEASED_ROWS}),
    (SELECT count(*) FROM {LEASED_ROWS} AND {EXPIRED})"""  # noqa: S608 - no outside text in it

_OLDEST = f"SELECT {SENT_COLUMNS} FROM queue_messages ORDER BY id LIMIT 1"  # noqa: S608 - likewise

_FREE = f"""SELECT id FROM (SELECT id FROM {WAITING_ROWS} ORDER BY id LIMIT :limit)
    UNION ALL SELECT id FROM (SELECT id FROM {LEASED_ROWS} AND {EXPIRED} ORDER BY id LIMIT :limit)
    ORDER BY id LIMIT :limit"""  # noqa: S608 - likewise

_LEASED = """visible_at = :now + :lease, lease_seconds = :lease,
    lease_boot = :boot, lease_until = :clock + :lease"""

_TAKE = f"""UPDATE queue_messages
    SET token = :token, {_LEASED}, receive_count = receive_count + 1
    WHERE id IN ({_FREE}) RETURNING id, receive_count, body, {SENT_COLUMNS}"""  # noqa: S608 - likewise

_HELD = "WHERE id = :id AND token = :token"
_EXTEND = f"UPDATE queue_messages SET {_LEASED} {_HELD}"  # noqa: S608
_RELEASE = f"UPDATE queue_messages SET visible_at = 0, lease_seconds = 0, token = NULL {_HELD}"  # noqa: S608
_ACK = f"DELETE FROM queue_messages {_HELD}"  # noqa: S608


class SqliteQueue:
    """The queue in the file at `path`; leases last `visibility_timeout` seconds.

    Dead letters go to `dead_letter_path`, or into the same file. `boot` identifies the run of the monotonic clock,
    which processes with the same number share; None: they share only the wall clock.

    Raises:
        QueueError: here and in every method, if the file can't be used; the text names it and the fix.
    """

    max_batch = 100

    def __init__(
        self,
        path: Path,
        visibility_timeout: float,
        clock: Clock,
        dead_letter_path: Path | None = None,
        boot: int | None = None,
    ) -> None:
        self._clock = clock
        self._boot = boot
        self._lease = visibility_timeout
        self._file = SqliteFile(path, SCHEMA, QueueError)
        try:
            self.dead_letters = SqliteDeadLetters(self._file, dead_letter_path or path, clock)
        except BaseException:
            self._file.close()
            raise

    def receive(self, limit: int, wait: float, stop: Event) -> list[ReceivedMessage]:
        """Up to `limit` messages (at most `max_batch`), oldest first; see the port."""
        deadline = self._clock.monotonic() + wait
        pause = FIRST_PAUSE
        while not stop.is_set() and limit > 0:
            received = self._take(min(limit, self.max_batch))
            left = deadline - self._clock.monotonic()
            if received or left <= 0:
                return received
            stop.wait(min(pause, left))
            pause = min(pause * PAUSE_GROWTH, LAST_PAUSE)
        return []

    def extend(self, leases: Sequence[Lease]) -> list[Lease]:
        """A full visibility time-out from now for each; see the port."""
        return self._for_each(leases, _EXTEND)

    def ack(self, leases: Sequence[Lease]) -> list[Lease]:
        """Delete the messages; see the port."""
        return self._for_each(leases, _ACK)

    def release(self, leases: Sequence[Lease], seconds: float = BUSY_TIMEOUT) -> None:
        """Release the messages; this may take as long as another process holds the file's lock. See the port."""
        self._for_each(leases, _RELEASE)

    def dead_letter(self, message: ReceivedMessage, reason: DeadReason, detail: str) -> str | None:
        """Move the message to the dead letters. One whose lease was lost stays: another watcher has it."""
        return self.dead_letters.add(message, reason, detail)

    def send(self, bodies: Sequence[str]) -> None:
        """Put messages on the queue, all or none.

        Raises:
            QueueError: one is over 256 KiB or can't be encoded in UTF-8; or see the class.
        """
        for position, body in enumerate(bodies, 1):
            _check(body, position)
        with self._file.writing() as cursor:
            sent = self._moment()
            cursor.executemany(SEND, ((sent.now, sent.boot, sent.clock, body) for body in bodies))

    def depth(self) -> QueueDepth:
        """How many wait, are leased and dead; an expired lease counts as waiting."""
        with self._file.reading() as cursor:
            moment = self._moment()
            waiting, leased, expired = cursor.execute(_COUNT, moment.values).fetchone()
            oldest = cursor.execute(_OLDEST).fetchone()
        return QueueDepth(
            visible=waiting + expired,
            leased=leased - expired,
            dead=self.dead_letters.count(),
            oldest_age=None if oldest is None or time_in(oldest[0]) is None else moment.age(*oldest),
        )

    def close(self, seconds: float = BUSY_TIMEOUT) -> None:
        """Close the file."""
        self.dead_letters.close()
        self._file.close()

    def _take(self, limit: int) -> list[ReceivedMessage]:
        # Check before locking: an idle watcher must not keep producers from writing.
        with self._file.reading() as cursor:
            if not cursor.execute(_FREE, {**self._moment().values, "limit": 1}).fetchone():
                return []
        token = secrets.token_hex(8)
        with self._file.writing() as cursor:
            moment = self._moment()  # under the lock: a lease must not begin before the wait for the lock
            values = {**moment.values, "limit": limit, "lease": self._lease, "token": token}
            rows = cursor.execute(_TAKE, values).fetchall()
        # RETURNING promises no order.
        return [_received_message(row, token, moment) for row in sorted(rows, key=itemgetter(0))]

    def _moment(self) -> Moment:
        return Moment.read(self._clock, self._boot)

    def _for_each(self, leases: Sequence[Lease], statement: str) -> list[Lease]:
        """Run a statement for each lease that is still held; returns the others."""
        if not leases:
            return []
        with self._file.writing() as cursor:
            values = {**self._moment().values, "lease": self._lease}
            return [
                lease
                for lease in leases
                if not cursor.execute(statement, {**values, "id": lease.message_id, "token": lease.receipt}).rowcount
            ]


def _received_message(row: Sequence[Any], token: str, moment: Moment) -> ReceivedMessage:
    """The message in a row. One without a sent time is dead; it gets `moment`'s, so that a replay has one."""
    message_id, receive_count, body, sent_at, *marks = row
    lease = Lease(token, str(message_id), count_in(receive_count))
    known = time_in(sent_at)
    fault = "" if known is not None else "its row in the queue's file has no readable sent time"
    sent = moment.now if known is None else known
    return ReceivedMessage(
        lease, text_in(body), sent, fault=fault, sent_monotonic=moment.clock - moment.age(sent, *marks)
    )


def _check(body: str, position: int) -> None:
    try:
        size = len(body.encode())
    except UnicodeEncodeError as error:
        raise QueueError(f"message {position} is not valid text (a lone surrogate): send proper Unicode") from error
    if size > MAX_MESSAGE_BYTES:
        raise QueueError(
            f"message {position} has {size} bytes: {MAX_MESSAGE_BYTES} (256 KiB) is the limit for a message"
        )


def open_queue(settings: Settings, clock: Clock) -> SqliteQueue:
    """The queue that the settings name."""
    queue = settings.queue
    dead_letter_path = sqlite_path(queue.dead_letter_url) if queue.dead_letter_url else None
    return SqliteQueue(sqlite_path(queue.url), queue.visibility_timeout, clock, dead_letter_path, this_boot())
