"""Queue messages: a bare session id or JSON, alone or inside an SNS or EventBridge envelope."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from watcher.consumer.envelope import Envelope, opened, short
from watcher.domain.creation import created
from watcher.domain.errors import InvalidMessage
from watcher.domain.limits import MAX_CONTEXT_BYTES
from watcher.domain.model import (
    DEFAULT_POLICY,
    NO_CONTEXT,
    DeadReason,
    SessionKey,
    SessionRequest,
)
from watcher.domain.session_id import SESSION_ID
from watcher.domain.trace_context import TRACEPARENT
from watcher.util.compact_json import compact_json
from watcher.util.rfc3339 import creation_time

MAX_DEPTH = 100
"""Maximum levels of a context, so that writing it, deeper on the stack than reading it, raises no RecursionError."""


def parse_message(
    message: str | Envelope,
    sent_at: float,
    policies: Collection[str],
    attributes: Mapping[str, object] | None = None,
    *,
    require_policy: bool = False,
    first_sent_at: float | None = None,
    lifetime: float = math.inf,
) -> SessionRequest:
    """What a message, opened already or not, asks for.

    `sent_at` (epoch seconds) replaces a `createdAt` that is absent or unreadable: a session is never rejected because
    of its producer's clock. A later `createdAt` is clock skew: the deadline would move with each receipt. One more
    than `lifetime` seconds before it is rejected; see `created`, also for `first_sent_at`. Our own clock does not
    count, because it may be set between two receipts. `policy` and `traceparent` may stand in the body, in the
    message's attributes or in those of an SNS envelope. Policies that differ make a dead letter, because it is
    unclear which one was meant. With `require_policy` so does a message that names none.

    Raises:
        InvalidMessage: no valid session id, an unknown policy, two policies or none where one is required, a context
            over MAX_CONTEXT_BYTES; or, of a text, what `opened` raises.
    """
    envelope = opened(message) if isinstance(message, str) else message
    fields = envelope.fields
    layers = (fields, *envelope.attributes, attributes or {})
    policy = _policy(_said("policy", layers), policies, is_required=require_policy)
    traceparent = next((found for value in _said("traceparent", layers) if (found := _traceparent(value))), "")
    given = creation_time(fields.get("createdAt"))
    return SessionRequest(
        key=SessionKey(_session_id(fields.get("sessionId")), policy),
        creation=created(given, sent_at, first_sent_at, lifetime),
        context=_context(fields.get("context")),
        ignored=_ignored(fields, given),
        traceparent=traceparent,
        is_complete=fields.get("complete") is True,
    )


def _ignored(fields: Mapping[str, Any], created_at: float | None) -> dict[str, str]:
    """The members that can't be used, by name, and why: none of them is a reason to lose the session."""
    ignored = {}
    if created_at is None and fields.get("createdAt") is not None:
        ignored["createdAt"] = f"createdAt {short(fields['createdAt'])} is not an RFC 3339 time"
    if not isinstance(fields.get("complete"), bool | None):
        ignored["complete"] = f"complete {short(fields['complete'])} is not true or false"
    return ignored


def _said(name: str, layers: Iterable[Mapping[str, Any]]) -> list[object]:
    """The values of this key in body, envelopes and attributes, innermost first."""
    return [layer[name] for layer in layers if layer.get(name) is not None]


def _traceparent(value: object) -> str:
    """The trace that a text names (W3C Trace Context); empty if it is invalid."""
    text = value.strip() if isinstance(value, str) else ""
    return text if TRACEPARENT.fullmatch(text) else ""


def _session_id(value: object) -> str:
    if value is None:
        raise InvalidMessage(DeadReason.INVALID_SESSION_ID, "no sessionId in the message")
    if not isinstance(value, str) or not SESSION_ID.fullmatch(value):
        raise InvalidMessage(
            DeadReason.INVALID_SESSION_ID,
            f"sessionId {short(value)} is not a lowercase UUID, as CreateFaceLivenessSession gives it",
        )
    return value


def _policy(said: Sequence[object], policies: Collection[str], *, is_required: bool) -> str:
    if not said and is_required:
        raise InvalidMessage(
            DeadReason.MISSING_POLICY,
            'the message names no policy, and decision.require_policy is on: give it "policy"',
        )
    policy = said[0] if said else DEFAULT_POLICY
    other = next((value for value in said if value != policy), None)
    if other is not None:
        raise InvalidMessage(
            DeadReason.INVALID_MESSAGE,
            f"policy {short(policy)} in the message, {short(other)} in an attribute: send one of them",
        )
    if policy != DEFAULT_POLICY and (not isinstance(policy, str) or policy not in policies):
        known = ", ".join(sorted({*policies, DEFAULT_POLICY}))
        raise InvalidMessage(
            DeadReason.UNKNOWN_POLICY,
            f"policy {short(policy)} is unknown (known: {known}): add [decision.policies.NAME] for it",
        )
    return str(policy)


def _context(value: object) -> bytes:
    if value is None:
        return NO_CONTEXT
    if not isinstance(value, dict):
        raise InvalidMessage(DeadReason.INVALID_MESSAGE, f"context {short(value)} is not a JSON object")
    if _is_deeper_than(value, MAX_DEPTH):
        raise InvalidMessage(DeadReason.INVALID_MESSAGE, f"context is nested more than {MAX_DEPTH} levels deep")
    context = compact_json(value).encode()
    if len(context) > MAX_CONTEXT_BYTES:
        raise InvalidMessage(
            DeadReason.TOO_LARGE,
            f"context has {len(context)} bytes in the event, more than {MAX_CONTEXT_BYTES}: send less of it",
        )
    return context


def _is_deeper_than(value: Mapping[str, Any], levels: int) -> bool:
    """Level by level: 256 KiB can hold 80,000 lists, and a call for each would take ten times as long."""
    layer: list[Any] = [value]
    for _ in range(levels):
        children = chain.from_iterable(one.values() if isinstance(one, dict) else one for one in layer)
        layer = [child for child in children if isinstance(child, (dict, list))]
        if not layer:
            return False
    return True
