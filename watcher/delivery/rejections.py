"""The message of a session whose decision a sink will never take, for the dead letters."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from watcher.domain.errors import InvalidMessage
from watcher.domain.model import DEFAULT_POLICY, MAX_MESSAGE_BYTES, DeadReason, Lease, ReceivedMessage
from watcher.sessions.session import Watch


def rejected_message(session: Watch, lease: Lease) -> ReceivedMessage:
    """The message under this lease, written anew from what is known of the session: its text is kept nowhere.

    A replay of it asks for the same session under the same policy, with the same context. What was not in the
    original can make it too large for a queue; then what a replay can do without is left out.
    """
    members: dict[str, Any] = {"sessionId": session.session_id, "policy": session.policy}
    if session.created_at < session.sent_at:
        members["createdAt"] = datetime.fromtimestamp(session.created_at, UTC).isoformat()
    if session.traceparent:
        members["traceparent"] = session.traceparent
    if session.context:
        members["context"] = session.context
    names = ("traceparent", "createdAt", *(("policy",) if session.policy == DEFAULT_POLICY else ()))
    optional = [name for name in names if name in members]
    body = _json(members)
    while len(body.encode("utf-8", "surrogatepass")) > MAX_MESSAGE_BYTES and optional:
        del members[optional.pop(0)]
        body = _json(members)
    return ReceivedMessage(lease, body, session.sent_at)


def rejection(session: Watch) -> InvalidMessage:
    """Why the decision of this session can't be delivered: each sink that will not take it, and what it said."""
    reasons = "; ".join(f"sink {sink}: {reason}" for sink, reason in sorted(session.refused.items()))
    return InvalidMessage(DeadReason.REFUSED_BY_SINK, reasons)


def _json(members: Mapping[str, Any]) -> str:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))
