"""The ledger for `ledger.url = "none"`: in memory, until the process ends."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from threading import Lock

from watcher.config.settings import Settings
from watcher.domain.model import DecisionEvent, LedgerEntry, SessionKey
from watcher.domain.ports import Clock

CAPACITY = 10_000


class MemoryLedger:
    """Keeps the last 10,000 decisions of this process, so that duplicates get the same answer for that long.

    The cost of having no real ledger: after a restart, or on another replica, a redelivered message is polled again.
    Within the session's three minutes that gives the same decision in a new event (same id, other times); later AWS
    has forgotten the session, and someone who was `live` becomes `inconclusive`.
    """

    def __init__(self, clock: Clock, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._entries: dict[SessionKey, LedgerEntry] = {}
        # Later than all of an earlier process: who has read those goes on after them.
        self._sequence = int(clock.time() * 1e6)
        self._lock = Lock()

    def find(self, keys: Iterable[SessionKey]) -> Mapping[SessionKey, LedgerEntry]:
        """The entries that exist for these keys."""
        with self._lock:
            return {key: self._entries[key] for key in keys if key in self._entries}

    def record(self, events: Sequence[tuple[DecisionEvent, str]]) -> Sequence[LedgerEntry]:
        """Store each decision unless there is one; returns the entries that stand, in order."""
        with self._lock:
            standing = [self._keep(event, trail) for event, trail in events]
            for key in list(islice(self._entries, max(0, len(self._entries) - self._capacity))):
                del self._entries[key]
            return standing

    def mark_delivered(self, keys: Sequence[SessionKey], sink: str) -> None:
        """Record that `sink` has these events; the first time stays."""
        now = self._clock.time()
        with self._lock:
            for key in keys:
                if entry := self._entries.get(key):
                    self._entries[key] = replace(entry, delivered={sink: now, **entry.delivered})

    def mark_acked(self, keys: Sequence[SessionKey]) -> None:
        """Record that these messages are acked; the first time stays."""
        now = self._clock.time()
        with self._lock:
            for key in keys:
                entry = self._entries.get(key)
                if entry and entry.acked_at is None:
                    self._entries[key] = replace(entry, acked_at=now)

    def recent(self, limit: int, session_id: str | None = None) -> Sequence[LedgerEntry]:
        """The newest `limit` entries, oldest first."""
        with self._lock:
            entries = [e for e in self._entries.values() if session_id in (None, e.event.key.session_id)]
        return entries[max(0, len(entries) - limit) :]

    def after(self, sequence: int, limit: int) -> Sequence[LedgerEntry]:
        """Entries recorded after the one with this `sequence`, in order."""
        with self._lock:
            return list(islice((e for e in self._entries.values() if e.sequence > sequence), limit))

    def close(self) -> None:
        """Nothing to release."""

    def _keep(self, event: DecisionEvent, trail: str) -> LedgerEntry:
        entry = self._entries.get(event.key)
        if entry is None:
            self._sequence += 1
            entry = LedgerEntry(event, self._clock.time(), trail, sequence=self._sequence)
            self._entries[event.key] = entry
        return entry


def open_ledger(_settings: Settings, clock: Clock) -> MemoryLedger:
    """An empty ledger."""
    return MemoryLedger(clock)
