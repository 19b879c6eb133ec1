"""The message of a rejected decision, written anew from its session."""

import json
from typing import Any

import pytest

from tests.support import session_id
from tests.unit.support.builders import a_lease
from watcher.consumer.message import parse_message
from watcher.delivery.rejections import rejected_message
from watcher.domain.limits import MAX_CONTEXT_BYTES, MAX_MESSAGE_BYTES
from watcher.domain.model import SessionRequest
from watcher.sessions.session import Session
from watcher.util.compact_json import compact_json

SENT_AT = 1_750_000_000.0
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
POLICIES = ("payout",)


def session_of(request: SessionRequest) -> Session:
    """As the consumer makes it of a message."""
    return Session(
        *request.key,
        created_at=request.created_at,
        wall_offset=request.created_at - 100.0,
        lifetime=180.0,
        context=request.context,
        traceparent=request.traceparent,
        sent_at=SENT_AT,
    )


def parsed(body: str, **options: Any) -> SessionRequest:
    return parse_message(body, SENT_AT, POLICIES, **options)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"policy": "payout"},
        {"createdAt": "2025-06-15T15:06:30.25Z"},
        {"traceparent": TRACE, "context": {"user": "Ünï 💡\u2028\ud800", "n": [1, 2.5, None, True, 1e300]}},
    ],
)
def test_a_replay_asks_for_the_very_same(members: dict[str, Any]) -> None:
    request = parsed(json.dumps({"sessionId": session_id(1), **members}))
    found = rejected_message(session_of(request), a_lease(1))
    assert (found.lease, found.sent_at, found.fault) == (a_lease(1), SENT_AT, "")
    assert parsed(found.body) == request


def test_where_a_policy_is_required_it_is_named() -> None:
    session = Session(session_id(1), "default", SENT_AT, SENT_AT, 180.0, sent_at=SENT_AT)
    assert parsed(rejected_message(session, a_lease(1)).body, require_policy=True).key.policy == "default"


@pytest.mark.parametrize("policy", ["default", "p" * 64])
@pytest.mark.parametrize("letter", ["x", "\x7f", "💡"])
def test_with_the_largest_context_it_fits_into_a_queue(policy: str, letter: str) -> None:
    """What came in attributes, and what the original left out, comes on top."""
    room = MAX_CONTEXT_BYTES - len('{"a":""}')
    context = {"a": letter * (room // len(compact_json(letter).encode()[1:-1]))}
    members = {"sessionId": session_id(1), "createdAt": "2025-06-15T15:06:30.25Z", "context": context}
    attributes = {"traceparent": TRACE, "policy": policy}
    request = parse_message(json.dumps(members, ensure_ascii=False), SENT_AT, [policy], attributes)
    found = rejected_message(session_of(request), a_lease(1))
    assert len(found.body.encode()) <= MAX_MESSAGE_BYTES
    assert parse_message(found.body, SENT_AT, [policy]) == request
