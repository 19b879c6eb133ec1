"""The message of a session whose decision a sink rejects for good, for the dead letters."""

from datetime import UTC, datetime
from typing import Any

from watcher.domain.errors import InvalidMessage
from watcher.domain.model import NO_CONTEXT, DeadReason, Lease, ReceivedMessage
from watcher.sessions.session import Session
from watcher.util.compact_json import compact_json


def rejected_message(session: Session, lease: Lease) -> ReceivedMessage:
    """The message under this lease, rebuilt from what is known about the session, because its text is not kept.

    Replaying it asks for the same session under the same policy, with the same context. It fits into a queue, because
    the limit for a context leaves more than enough room for the rest.
    """
    members: dict[str, Any] = {"sessionId": session.session_id, "policy": session.policy}
    if session.created_at < session.sent_at:
        members["createdAt"] = datetime.fromtimestamp(session.created_at, UTC).isoformat()
    if session.traceparent:
        members["traceparent"] = session.traceparent
    body = compact_json(members)
    if session.context != NO_CONTEXT:
        body = f'{body[:-1]},"context":{session.context.decode()}}}'
    return ReceivedMessage(lease, body, session.sent_at)


def rejection(session: Session) -> InvalidMessage:
    """Why the decision of this session can't be delivered: each sink that rejects it, and what it said."""
    reasons = "; ".join(f"sink {sink}: {reason}" for sink, reason in sorted(session.rejections.items()))
    return InvalidMessage(DeadReason.REFUSED_BY_SINK, reasons)
