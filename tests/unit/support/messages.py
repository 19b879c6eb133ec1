"""Messages of the queue, what they are read as, and the events that come of them."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support import START
from watcher.consumer.message import parse_message
from watcher.decisions.cloud_event import decision_event
from watcher.domain.errors import InvalidMessage
from watcher.domain.model import Decision, DecisionRules, Outcome, Reason, SessionRequest
from watcher.sessions.session import Session

ID = "0f2cbb0e-7a0e-4b7e-9d25-3f4d6f1a2b3c"
SENT = START - 10.0
POLICIES = {"default", "payout"}


def parse(
    body: object, attributes: Mapping[str, object] | None = None, *, require_policy: bool = False
) -> SessionRequest:
    text = body if isinstance(body, str) else json.dumps(body)
    return parse_message(text, SENT, POLICIES, attributes, require_policy=require_policy)


def refusal(
    body: object, attributes: Mapping[str, object] | None = None, *, require_policy: bool = False
) -> InvalidMessage:
    with pytest.raises(InvalidMessage) as caught:
        parse(body, attributes, require_policy=require_policy)
    return caught.value


def sns(message: str) -> dict[str, Any]:
    return {"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": message, "MessageId": "m"}


def eventbridge(detail: object) -> dict[str, Any]:
    return {"version": "0", "id": "x", "detail-type": "created", "source": "app", "detail": detail}


def event_of(request: SessionRequest) -> dict[str, Any]:
    session = Session(
        *request.key, request.created_at, request.created_at, 180.0, request.context, traceparent=request.traceparent
    )
    decision = Decision(Outcome.INCONCLUSIVE, Reason.TIMED_OUT)
    body = decision_event(session, decision, None, DecisionRules(), source="/watcher/x", now=START).body
    event: dict[str, Any] = json.loads(body, parse_constant=_refuse)
    return event


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")
