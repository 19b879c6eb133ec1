"""Makes a session of a message."""

from sys import getsizeof

from watcher.domain.model import NO_CONTEXT, LedgerEntry, ReceivedMessage, SessionRequest
from watcher.domain.ports import Clock
from watcher.sessions.session import Session


def creation_of(message: ReceivedMessage, request: SessionRequest, clock: Clock) -> float:
    """When (monotonic) the session was created: as long before the message was sent as its two times say."""
    sent = message.sent_monotonic
    if sent is None:
        sent = clock.monotonic() - max(0.0, clock.time() - message.sent_at)
    return sent - (message.sent_at - request.created_at)


def new_session(
    message: ReceivedMessage,
    request: SessionRequest,
    created_monotonic: float,
    lifetime: float,
    entry: LedgerEntry | None,
    clock: Clock,
) -> Session:
    """The session that a message asks for; `entry` is its decision, if there is one. It lives `lifetime` seconds."""
    session = Session(
        *request.key,
        created_at=request.created_at,
        wall_offset=request.created_at - created_monotonic,
        lifetime=lifetime,
        context=request.context,
        context_bytes=_context_bytes(request.context, entry),
        traceparent=request.traceparent,
        # Not by our wall clock, which may have been set since the session was created.
        received_at=request.created_at + clock.monotonic() - created_monotonic,
        sent_at=message.sent_at,
        is_ended=entry is not None,
    )
    if request.creation.rejected is not None:
        session.note_corrected_creation(clock.time(), request.creation.rejected)
    return session


def _context_bytes(context: bytes, entry: LedgerEntry | None) -> int:
    """Bytes of memory for a context and for its event, which is kept until every sink has it.

    Python stores text with up to four bytes a character: one emoji makes an event four times as large.
    """
    event = entry.event.body if entry else "" if context == NO_CONTEXT else context.decode()
    return len(context) + getsizeof(event) if event else 0
