"""The embedded queue's table, and the meaning of its times.

Leases and ages are measured on the machine's monotonic clock: `lease_until` and `sent_clock` are its seconds, and
`lease_boot` and `sent_boot` say which run of that clock they belong to (see `clock.this_boot`). The wall times next
to them are for people, and for rows from another boot or from a version that knew only wall times.
"""

from math import inf
from typing import NamedTuple, TypeGuard

from watcher.domain.ports import Clock
from watcher.util.sqlite_file import Schema

# AUTOINCREMENT: ids are never reused, or a late ack could hit another message. A waiting message has `visible_at` and
# `lease_seconds` 0. One index holds the waiting ones in the order of their ids, so that `receive` takes as long with
# 100,000 as with one; the other holds what tells whether a lease has expired. The queries name them, because SQLite
# would otherwise read the whole table in the order of ids.
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
        (
            "ALTER TABLE queue_messages ADD COLUMN sent_boot INTEGER",
            "ALTER TABLE queue_messages ADD COLUMN sent_clock REAL",
            "ALTER TABLE queue_messages ADD COLUMN lease_boot INTEGER",
            "ALTER TABLE queue_messages ADD COLUMN lease_until REAL",
            "DROP INDEX queue_visibility",
            "CREATE INDEX queue_leases ON queue_messages (visible_at, lease_seconds, lease_boot, lease_until)",
        ),
        (
            """CREATE INDEX queue_waiting ON queue_messages (visible_at, lease_seconds)
                WHERE visible_at = 0 AND lease_seconds = 0""",
        ),
    ),
)

CLOCK_SLACK = 5.0
"""Seconds by which a wall clock may be set back before a lease of another boot looks as if it came from the future.
Such a lease counts as expired, or its message would be frozen for as long as the clock was set back."""

WAITING_ROWS = "queue_messages INDEXED BY queue_waiting WHERE visible_at = 0 AND lease_seconds = 0"
LEASED_ROWS = "queue_messages INDEXED BY queue_leases WHERE visible_at > 0"

EXPIRED = f"""CASE WHEN lease_boot = :boot THEN lease_until <= :clock
    ELSE visible_at <= :now OR visible_at > :now + lease_seconds + {CLOCK_SLACK} END"""
"""Whether a leased row's lease has expired."""

SEND = "INSERT INTO queue_messages (sent_at, sent_boot, sent_clock, body) VALUES (?, ?, ?, ?)"
SENT_COLUMNS = "sent_at, sent_boot, sent_clock"


class Moment(NamedTuple):
    """One moment on both clocks; `boot` is None if the monotonic times of two processes can't be compared."""

    now: float
    clock: float
    boot: int | None

    @classmethod
    def read(cls, clock: Clock, boot: int | None) -> "Moment":
        """This moment."""
        return cls(clock.time(), clock.monotonic(), boot)

    @property
    def values(self) -> dict[str, float | int | None]:
        """For the statements' variables."""
        return {"now": self.now, "clock": self.clock, "boot": self.boot}

    def age(self, sent_at: float, sent_boot: int | None, sent_clock: float | None) -> float:
        """Seconds since a message was sent, by its row's SENT_COLUMNS."""
        if sent_boot is None or sent_boot != self.boot or not _is_time(sent_clock):
            return max(0.0, self.now - sent_at)
        return max(0.0, self.clock - sent_clock)


def _is_time(value: object) -> TypeGuard[float]:
    # RETURNING gives whole numbers of a REAL column as integers.
    return isinstance(value, int | float) and -inf < value < inf
