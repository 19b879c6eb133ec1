"""The ports in memory, made to fail when told."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from threading import Condition, Event, Lock

from tests.unit.support.builders import a_received_message
from watcher.domain.errors import PollError, WatcherError
from watcher.domain.event_result import DELIVERED, EventResult
from watcher.domain.model import (
    DeadReason,
    DecisionEvent,
    Lease,
    LedgerEntry,
    QueueDepth,
    ReceivedMessage,
    SessionKey,
    SessionResult,
)

PATIENCE = 30.0
"""Seconds that a test waits for another thread before it fails; never waited for when all is well."""


class Calls:
    """What was called, in order, over all fakes of a test; and which calls fail next."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._failures: dict[str, list[BaseException]] = {}
        self._standing: dict[str, BaseException] = {}
        self._during: dict[str, Callable[[], object]] = {}
        self._changed = Condition()

    def fail(self, name: str, *errors: BaseException) -> None:
        """The next calls of `name` raise these, one each."""
        with self._changed:
            self._failures.setdefault(name, []).extend(errors)

    def break_down(self, name: str, error: BaseException) -> None:
        """Every call of `name` raises this until `repair`."""
        with self._changed:
            self._standing[name] = error

    def repair(self, name: str) -> None:
        """The calls of `name` work again."""
        with self._changed:
            self._standing.pop(name, None)

    def on(self, name: str, action: Callable[[], object]) -> None:
        """Do this during every call of `name`."""
        self._during[name] = action

    def count(self, name: str) -> int:
        """How often `name` was called."""
        with self._changed:
            return self.names.count(name)

    def wait_for(self, name: str, times: int = 1) -> None:
        """Wait until `name` was called so often."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.names.count(name) >= times, PATIENCE), self.names

    def called(self, name: str) -> None:
        """Note a call, and let it fail if that was asked for."""
        with self._changed:
            self.names.append(name)
            self._changed.notify_all()
            failures = self._failures.get(name)
            error = failures.pop(0) if failures else self._standing.get(name)
        self._during.get(name, lambda: None)()
        if error is not None:
            raise error


class FakeQueue:
    """A queue in memory. `waiting` is what the next receives bring; an idle receive waits for `stop`, not for time.

    Like the SQLite queue, it gives all messages of one batch the same receipt.
    """

    max_batch = 10

    def __init__(self, calls: Calls | None = None) -> None:
        self.calls = calls or Calls()
        self.waiting: list[ReceivedMessage] = []
        self.acked: list[Lease] = []
        self.released: list[Lease] = []
        self.release_times: list[float] = []
        self.extended: list[list[Lease]] = []
        self.dead_letters: list[tuple[ReceivedMessage, DeadReason, str]] = []
        self.lost: set[Lease] = set()
        self.has_dead_letters = True
        self.limits: list[int] = []
        self.idle = Event()
        self._leased = 0
        self._lock = Lock()

    def receive(self, limit: int, wait: float, stop: Event) -> list[ReceivedMessage]:
        self.calls.called("receive")
        self.limits.append(limit)
        with self._lock:
            batch, self.waiting = self.waiting[:limit], self.waiting[limit:]
            self._leased += len(batch)
        if not batch:
            self.idle.set()
            stop.wait(PATIENCE)
        return batch

    def extend(self, leases: Sequence[Lease]) -> list[Lease]:
        self.calls.called("extend")
        self.extended.append(list(leases))
        return [lease for lease in leases if lease in self.lost]

    def ack(self, leases: Sequence[Lease]) -> list[Lease]:
        self.calls.called("ack")
        self.acked += [lease for lease in leases if lease not in self.lost]
        self._give_up(len(leases))
        return [lease for lease in leases if lease in self.lost]

    def release(self, leases: Sequence[Lease], seconds: float = PATIENCE) -> None:
        self.release_times.append(seconds)
        self.calls.called("release")
        self.released += leases
        self._give_up(len(leases))

    def dead_letter(self, delivery: ReceivedMessage, reason: DeadReason, detail: str) -> str | None:
        self.calls.called("dead_letter")
        if not self.has_dead_letters:
            return None
        self.dead_letters.append((delivery, reason, detail))
        self._give_up(1)
        return f"dead-{len(self.dead_letters)}"

    def _give_up(self, leases: int) -> None:
        with self._lock:
            self._leased -= leases

    def send(self, bodies: Sequence[str]) -> None:
        self.waiting += [a_received_message(body) for body in bodies]

    def depth(self) -> QueueDepth:
        self.calls.called("depth")
        with self._lock:
            return QueueDepth(visible=len(self.waiting), leased=self._leased)

    def close(self, seconds: float = PATIENCE) -> None:
        self.calls.called("close")


class FakeLedger:
    """A ledger in memory."""

    def __init__(self, calls: Calls | None = None) -> None:
        self.calls = calls or Calls()
        self.entries: dict[SessionKey, LedgerEntry] = {}

    def find(self, keys: Iterable[SessionKey]) -> Mapping[SessionKey, LedgerEntry]:
        self.calls.called("find")
        return {key: self.entries[key] for key in keys if key in self.entries}

    def record(self, events: Sequence[tuple[DecisionEvent, str]]) -> Sequence[LedgerEntry]:
        self.calls.called("record")
        return [self.entries.setdefault(event.key, LedgerEntry(event, 1.0, trail)) for event, trail in events]

    def mark_delivered(self, keys: Sequence[SessionKey], sink: str) -> None:
        self.calls.called(f"delivered {sink}")
        for key in keys:
            entry = self.entries[key]
            self.entries[key] = replace(entry, delivered={**entry.delivered, sink: 2.0})

    def mark_acked(self, keys: Sequence[SessionKey]) -> None:
        self.calls.called("mark_acked")
        for key in keys:
            self.entries[key] = replace(self.entries[key], acked_at=3.0)

    def recent(self, limit: int, session_id: str | None = None) -> Sequence[LedgerEntry]:
        return [e for e in self.entries.values() if session_id in (None, e.event.key.session_id)][-limit:]

    def after(self, sequence: int, limit: int) -> Sequence[LedgerEntry]:
        return [e for e in self.entries.values() if e.sequence > sequence][:limit]

    def close(self) -> None:
        self.calls.called("close ledger")


class FakeSink:
    """A sink in memory; failures are told to `calls` by its name.

    `results`: those of the next events, one each; then `judge` says, and delivers all unless told otherwise.
    """

    max_batch = 100

    def __init__(self, name: str, calls: Calls | None = None) -> None:
        self.name = name
        self.calls = calls or Calls()
        self.events: list[DecisionEvent] = []
        self.results: list[EventResult] = []
        self.judge: Callable[[Sequence[DecisionEvent]], Sequence[EventResult]] = lambda events: (
            [DELIVERED] * len(events)
        )
        self.batches: list[int] = []
        self.emitted = Event()
        self.gate = Event()
        self.gate.set()
        self.entered = Event()

    def emit(self, events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        self.entered.set()
        self.calls.called(self.name)
        assert self.gate.wait(PATIENCE)
        told, self.results = self.results[: len(events)], self.results[len(events) :]
        results = [*told, *self.judge(events[len(told) :])]
        self.events += [event for event, result in zip(events, results, strict=True) if result == DELIVERED]
        self.batches.append(len(events))
        self.emitted.set()
        return results

    def close(self) -> None:
        self.calls.called(f"close {self.name}")


class FakeResults:
    """Rekognition in memory: for each session what the next polls bring; the last of them stays."""

    def __init__(self, *script: SessionResult | PollError) -> None:
        self.script = list(script)
        self.asked: list[str] = []
        self.probes: list[PollError | None] = []
        self.probed = 0
        self.during: Callable[[], None] = lambda: None

    def get(self, session_id: str) -> SessionResult:
        self.asked.append(session_id)
        self.during()
        found = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(found, PollError):
            raise found
        return found._replace(session_id=session_id)

    def probe(self) -> None:
        self.probed += 1
        if self.probes and (fault := self.probes.pop(0)) is not None:
            raise fault

    def close(self) -> None:
        """Nothing to close."""


class FakeHintLog:
    """A hint log; `others` is what other replicas have written."""

    interval = 0.5

    def __init__(self) -> None:
        self.writes: list[list[str]] = []
        self.reads = self.tries = 0
        self.others: list[str] = []
        self.error: WatcherError | None = None
        self.on_read: Callable[[], object] = lambda: None

    def write(self, session_ids: Sequence[str]) -> None:
        self._fail()
        self.writes.append(list(session_ids))

    def read(self) -> Sequence[str]:
        self._fail()
        self.reads += 1
        self.on_read()
        read, self.others = self.others, []
        return read

    def _fail(self) -> None:
        self.tries += 1
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        """Nothing to release."""
