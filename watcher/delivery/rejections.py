"""The message of a session whose decision a sink will never take, for the dead letters."""

from datetime import UTC, datetime
from typing import Any

from watcher.domain.errors import InvalidMessage
from watcher.domain.model import NO_CONTEXT, DeadReason, Lease, ReceivedMessage
from watcher.sessions.session import Session
from watcher.util.compact_json import compact_json


def rejected_message(session: Session, lease: Lease) -> ReceivedMessage:
    """The message under this lease, written anew from what is known of the session: its text is kept nowhere.

    A replay of it asks for the same session under the same policy, with the same context. It fits into a queue: a
    context leaves room for far more than the rest.
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
    """Why the decision of this session can't be delivered: each sink that will not take it, and what it said."""
    reasons = "; ".join(f"sink {sink}: {reason}" for sink, reason in sorted(session.rejections.items()))
    return InvalidMessage(DeadReason.REFUSED_BY_SINK, reasons)
