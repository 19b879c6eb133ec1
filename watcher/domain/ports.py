"""The ports: what the core needs from the outside. Adapters implement them; the contract tests check that they do."""

from collections.abc import Iterable, Mapping, Sequence
from threading import Event
from typing import Protocol

from watcher.domain.event_result import EventResult
from watcher.domain.model import (
    DeadLetter,
    DeadReason,
    DecisionEvent,
    Lease,
    LedgerEntry,
    QueueDepth,
    ReceivedMessage,
    SessionKey,
    SessionResult,
)


class Clock(Protocol):
    """Injected time in seconds: `time` for timestamps, `monotonic` for every wait and deadline."""

    def time(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds that never jump."""


class SessionResults(Protocol):
    """The one AWS operation that the watcher polls. Many threads call it concurrently."""

    def get(self, session_id: str) -> SessionResult:
        """One call, one attempt, bounded by connect + read time-out.

        Raises:
            PollError: one of its subclasses, for every fault of the service, network or credentials.
        """

    def probe(self) -> None:
        """Reach the endpoint without asking for a session.

        Raises:
            PollError: it can't be reached.
        """

    def close(self) -> None:
        """Close the connections."""


class Queue(Protocol):
    """Where session ids come from. Receiving leases a message without removing it; `ack` deletes it.

    Every method may be called by several threads and raises QueueError when the backend fails.
    """

    max_batch: int

    def receive(self, limit: int, wait: float, stop: Event) -> list[ReceivedMessage]:
        """Up to `limit` messages, each under a new lease; waits up to `wait` seconds for the first, or for `stop`."""

    def extend(self, leases: Sequence[Lease]) -> list[Lease]:
        """Make each lease last a full visibility time-out from now; returns those that are lost.

        Raises:
            PartialExtendError: some failed and can be retried; it says which, and which are lost.
        """

    def ack(self, leases: Sequence[Lease]) -> list[Lease]:
        """Delete the messages permanently; returns those whose lease was lost (their messages stay)."""

    def release(self, leases: Sequence[Lease], seconds: float = ...) -> None:
        """Release the messages immediately, for another watcher. Lost leases are skipped.

        A stop passes the `seconds` that it has left. Nothing waits longer for a service: messages that it has not
        confirmed by then raise QueueError.
        """

    def dead_letter(self, message: ReceivedMessage, reason: DeadReason, detail: str) -> str | None:
        """Move a message that can never be served to the dead letters, with its reason.

        Returns its id there; None if it was not moved, because its lease was lost or there are no dead letters, which
        the backend logs.
        """

    def send(self, bodies: Sequence[str]) -> None:
        """Put messages on the queue: none if one is too large or not text, else all, as far as the backend can.

        Raises:
            QueueError: says what was not sent, if the backend has no transaction over all of them.
        """

    def depth(self) -> QueueDepth:
        """How much is waiting."""

    def close(self, seconds: float = ...) -> None:
        """Release the backend's resources, within `seconds` if there is something to wait for; twice is harmless.

        Waits for messages that are still being received, and releases them.
        """


class DeadLetters(Protocol):
    """What can be done with dead letters. Raises QueueError."""

    def list(self, limit: int) -> Sequence[DeadLetter]:
        """The oldest `limit` dead letters."""

    def replay(self, ids: Sequence[str] | None) -> int:
        """Put these (None: all) back on the queue; returns how many."""

    def drop(self, ids: Sequence[str] | None) -> int:
        """Delete these (None: all) permanently; returns how many."""


class DecisionReader(Protocol):
    """Reads the decisions in a ledger. Every method raises LedgerError when the backend fails."""

    def find(self, keys: Iterable[SessionKey]) -> Mapping[SessionKey, LedgerEntry]:
        """The entries that exist for these keys."""

    def recent(self, limit: int, session_id: str | None = None) -> Sequence[LedgerEntry]:
        """The newest `limit` entries, oldest first."""

    def after(self, sequence: int, limit: int) -> Sequence[LedgerEntry]:
        """Entries recorded after the one with this `sequence`, in order."""

    def close(self) -> None:
        """Release the backend's resources."""


class Ledger(DecisionReader, Protocol):
    """Stores the one decision for each session and policy. The first one recorded wins.

    Every method may be called by several threads and processes, and raises LedgerError when the backend fails.
    """

    def record(self, events: Sequence[tuple[DecisionEvent, str]]) -> Sequence[LedgerEntry]:
        """Write each decision (with its trail) unless there is one; returns the entries that stand, in order.

        An unreadable one is returned with its `fault`, so that it does not stop the others in the batch. What is
        returned survives a crash of the process and of the machine.
        """

    def mark_delivered(self, keys: Sequence[SessionKey], sink: str) -> None:
        """Record that `sink` has these events."""

    def mark_acked(self, keys: Sequence[SessionKey]) -> None:
        """Record that every sink has these and the ack is next: a later message for them is a new request."""


class HintLog(Protocol):
    """Passes hints on from the replica that received them to the one that watches the session.

    One thread uses it. Raises LedgerError.
    """

    @property
    def interval(self) -> float:
        """Seconds until the next read is worthwhile."""

    def write(self, session_ids: Sequence[str]) -> None:
        """Tell the other replicas that these sessions are complete."""

    def read(self) -> Sequence[str]:
        """The sessions that other replicas have written since the last read; repeated ones are harmless."""

    def close(self) -> None:
        """Release the backend's resources."""


class StateStore(Protocol):
    """Stores one text between runs of the watcher. Raises LedgerError."""

    def load(self) -> str | None:
        """What was saved last."""

    def save(self, text: str) -> None:
        """Replace what was saved before."""

    def close(self) -> None:
        """Release the backend's resources."""


class Sink(Protocol):
    """Where decisions go. One thread calls it at a time, with at most `max_batch` events.

    A sink that can report success although its target is gone has a `check_interval` (seconds) and a `verify_target`,
    which raises SinkError if the target is missing. It is called when nothing has been sent for that long.
    """

    name: str
    max_batch: int

    def emit(self, events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        """Attempt to deliver the events, begun in order; returns the result of each, in order.

        Undelivered events are passed again: same id, same bytes, but not always in the same batch.

        Raises:
            SinkError: the whole sink failed, through no fault of an event.
            SinkGone: this sink can never work again in this process.
        """

    def close(self) -> None:
        """Flush and release."""


class RateLimiter(Protocol):
    """Decides when the next call may begin. Not thread-safe: the scheduler's lock guards it."""

    def acquire(self, now: float) -> float:
        """Acquire a permit for one call at `now` (monotonic): 0.0 if granted, else the seconds until the next try."""

    def on_response(self, now: float, *, throttled: bool) -> None:
        """Record, at `now` (monotonic), how a permitted call ended. Once for each such call."""

    @property
    def rate(self) -> float:
        """Calls a second now; 0.0 means no limit."""
