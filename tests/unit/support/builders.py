"""Small things that unit tests are made of, and how to look at what came of them."""

import math
from collections.abc import Iterable, Mapping
from threading import Condition, Event
from typing import Any

from tests.support import ManualClock, session_id
from watcher.domain.model import (
    DEFAULT_POLICY,
    Image,
    Lease,
    ReceivedMessage,
    S3Object,
    SessionResult,
    SessionStatus,
)
from watcher.sessions.in_flight import InFlight
from watcher.sessions.session import Session
from watcher.telemetry.health import Beat
from watcher.telemetry.metrics import Metrics
from watcher.util.compact_json import compact_json

PICTURE = Image(S3Object("bucket", "face.jpg"))


def a_lease(number: int, receipt: str | None = None) -> Lease:
    return Lease(receipt or f"receipt-{number}", str(number))


def a_received_message(
    body: str, number: int = 1, sent_at: float | None = None, receipt: str = "one-batch"
) -> ReceivedMessage:
    sent = ManualClock().time() if sent_at is None else sent_at
    return ReceivedMessage(a_lease(number, receipt), body, sent)


def a_session(
    number: int = 1,
    clock: ManualClock | None = None,
    *,
    policy: str = DEFAULT_POLICY,
    lifetime: float = 180.0,
    context: Mapping[str, Any] | None = None,
    context_bytes: int = 0,
    traceparent: str = "",
    sent_after: float = 0.0,
) -> Session:
    """A session that was created just now; its message was sent so many seconds after."""
    clock = clock or ManualClock()
    return Session(
        session_id(number),
        policy,
        created_at=clock.time(),
        wall_offset=clock.time() - clock.monotonic(),
        lifetime=lifetime,
        context=compact_json(context).encode() if context else b"{}",
        context_bytes=context_bytes,
        traceparent=traceparent,
        sent_at=clock.time() + sent_after,
    )


def an_answer(status: SessionStatus, confidence: float | None = None, image: Image | None = None) -> SessionResult:
    return SessionResult(session_id(1), status, confidence=confidence, reference_image=image)


def live_answer() -> SessionResult:
    return an_answer(SessionStatus.SUCCEEDED, 97.3, PICTURE)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """A sample of the metrics, by its full name."""
    of_that_name = metrics.registry.restricted_registry([name]).collect()  # not of all, many times in a test
    samples = [sample for family in of_that_name for sample in family.samples]
    found = [sample.value for sample in samples if (sample.name, sample.labels) == (name, labels)]
    return found[0] if found else metrics.registry.get_sample_value(name, labels)


def a_beat(clock: ManualClock | None = None) -> Beat:
    return Beat(clock or ManualClock(), "worker")


def held(books: InFlight) -> list[Lease]:
    """Every lease on the books."""
    return books.due_for_extension(math.inf)


def on_books(books: InFlight, lease: Lease) -> Lease:
    """The very lease on the books that is equal to this one; if there is none, this one."""
    return next((known for known in held(books) if known == lease), lease)


def put_in(books: InFlight, session: Session, first: Lease, *others: Lease, now: float = 0.0) -> Session:
    """Put a session on the books under these leases, received at `now`."""
    books.track([first, *others], now)
    assert books.add(session, first)
    join(books, session, others)
    return session


def join(books: InFlight, session: Session, leases: Iterable[Lease]) -> None:
    for lease in leases:
        assert books.merge(session.key, lease, session.created_at, session.created_monotonic) is session


def when_waited_on(waited_on: Condition) -> Event:
    """An event that is set once a thread waits there: what notifies it from then on is not missed."""
    is_waiting, wait = Event(), waited_on.wait

    def told(timeout: float | None = None) -> bool:
        is_waiting.set()
        return wait(timeout)

    waited_on.wait = told  # type: ignore[method-assign]
    return is_waiting


def when_full(books: InFlight) -> Event:
    """An event that is set once a thread waits for room although there is none."""
    is_full, wait = Event(), books.wait_for_room

    def told(seconds: float) -> int:
        if not wait(0.0):
            is_full.set()
        return wait(seconds)

    books.wait_for_room = told  # type: ignore[method-assign]
    return is_full
