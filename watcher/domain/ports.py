"""The ports: what the core needs from the world. Adapters implement them; the contract suites hold them to it."""

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
    """Time, injected: `time` for what is written down, `monotonic` for every wait and deadline. Seconds."""

    def time(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds that never jump."""


class SessionResults(Protocol):
    """The one operation of AWS that the watcher polls. Called by many threads at once."""

    def get(self, session_id: str) -> SessionResult:
        """One call, one attempt, bounded by connect + read time-out.

        Raises:
            PollError: one of its kinds; never anything else for a fault of the service, network or credentials.
        """

    def probe(self) -> None:
        """Reach the endpoint without asking for a session.

        Raises:
            PollError: it can't be reached.
        """

    def close(self) -> None:
        """Close the connections."""


class Queue(Protocol):
    """Where session ids come from. Receiving takes a lease, never the message; `ack` deletes.

    Every method may be called by several threads and raises QueueError when the backend fails.
    """

    max_batch: int

    def receive(self, limit: int, wait: float, stop: Event) -> list[ReceivedMessage]:
        """Up to `limit` messages, each under a new lease; waits up to `wait` seconds for the first, or for `stop`."""

    def extend(self, leases: Sequence[Lease]) -> list[Lease]:
        """Make each lease last a full visibility time-out from now; returns those that are lost.

        Raises:
            PartialExtendError: some may be tried again; it says which, and which are lost.
        """

    def ack(self, leases: Sequence[Lease]) -> list[Lease]:
        """Delete the messages for good; returns those whose lease was lost (their messages stay)."""

    def release(self, leases: Sequence[Lease], seconds: float = ...) -> None:
        """Give the messages back at once, for another watcher. Lost leases are passed over.

        A stop hands over the `seconds` that it has left. A service that does not answer within them is not waited
        for: what it was not seen to take back raises QueueError.
        """

    def dead_letter(self, message: ReceivedMessage, reason: DeadReason, detail: str) -> str | None:
        """Move a message that can never be served to the dead letters, with its reason.

        Returns the id that it has there; None if it was not moved: its lease was lost, or there is no place for it,
        which the backend logs.
        """

    def send(self, bodies: Sequence[str]) -> None:
        """Put messages on the queue: none if one is too large or no text, else all, as far as the backend can.

        Raises:
            QueueError: says what did not go in, where the backend has no transaction over all of them.
        """

    def depth(self) -> QueueDepth:
        """How much is waiting."""

    def close(self, seconds: float = ...) -> None:
        """Release the backend's resources, within `seconds` where there is something to wait for; twice is harmless.

        What is still being received is waited for and given back.
        """


class DeadLetters(Protocol):
    """What can be done with dead letters. Raises QueueError."""

    def list(self, limit: int) -> Sequence[DeadLetter]:
        """The oldest `limit` dead letters."""

    def replay(self, ids: Sequence[str] | None) -> int:
        """Put these (None: all) back on the queue; returns how many."""

    def drop(self, ids: Sequence[str] | None) -> int:
        """Delete these (None: all) for good; returns how many."""


class Ledger(Protocol):
    """Remembers the one decision for each session and policy; the first one wins, whoever asks later.

    Every method may be called by several threads and processes, and raises LedgerError when the backend fails.
    """

    def find(self, keys: Iterable[SessionKey]) -> Mapping[SessionKey, LedgerEntry]:
        """The entries there are for these keys."""

    def record(self, events: Sequence[tuple[DecisionEvent, str]]) -> Sequence[LedgerEntry]:
        """Write each decision (with its trail) unless one is there; returns the entry that stands, in order.

        One that can't be read is returned with its `fault`: it must not stop the decisions beside it. What is
        returned survives a crash of the process and of the machine.
        """

    def mark_delivered(self, keys: Sequence[SessionKey], sink: str) -> None:
        """Note that `sink` has these events."""

    def mark_acked(self, keys: Sequence[SessionKey]) -> None:
        """Note that every sink has these and the ack is next: what comes for them later asks for the answer anew."""

    def recent(self, limit: int, session_id: str | None = None) -> Sequence[LedgerEntry]:
        """The newest `limit` entries, oldest of them first."""

    def after(self, sequence: int, limit: int) -> Sequence[LedgerEntry]:
        """Entries recorded after the one with this `sequence`, in order."""

    def close(self) -> None:
        """Release the backend's resources."""


class StateStore(Protocol):
    """Keeps one text from one run of the watcher to the next. Raises LedgerError."""

    def load(self) -> str | None:
        """What was saved last."""

    def save(self, text: str) -> None:
        """Keep this instead of what was saved before."""

    def close(self) -> None:
        """Release the backend's resources."""


class Sink(Protocol):
    """Where decisions go. One thread calls it at a time, with at most `max_batch` events.

    A sink whose target can vanish while it still reports success has a `check_interval` (seconds) and a
    `verify_target`, which raises SinkError if the target is missing. It is called once nothing was sent for that
    long.
    """

    name: str
    max_batch: int

    def emit(self, events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        """Attempt to deliver the events, begun in order; returns the result of each, in order.

        What was not delivered is handed over again: same id, same bytes, but not always in the same batch.

        Raises:
            SinkError: the sink failed as a whole, and no event is to blame.
            SinkGone: this sink can never work again in this process.
        """

    def close(self) -> None:
        """Flush and release."""


class RateLimiter(Protocol):
    """Decides when the next call may begin. Not thread-safe by itself: the scheduler's lock guards it."""

    def acquire(self, now: float) -> float:
        """Take leave for one call at `now` (monotonic): 0.0 when given, else the seconds until it is worth asking."""

    def on_response(self, now: float, *, throttled: bool) -> None:
        """Take note, at `now` (monotonic), of how a call that was given leave ended. Once for each such call."""

    @property
    def rate(self) -> float:
        """Calls a second now; 0.0 means no limit."""
