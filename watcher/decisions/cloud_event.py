"""The decision as a CloudEvents 1.0 event in structured JSON: built once, then delivered byte for byte."""

from collections.abc import Mapping
from typing import Any

from watcher.domain.errors import MalformedResult, PollError, UnknownStatus
from watcher.domain.limits import MAX_CONTEXT_BYTES, MAX_FEEDBACK_TEXT_BYTES
from watcher.domain.model import BoundingBox, Decision, DecisionEvent, DecisionRules, Image, S3Object, SessionResult
from watcher.sessions.session import Session
from watcher.util.compact_json import compact_json
from watcher.util.rfc3339 import timestamp


def decision_event(
    session: Session,
    decision: Decision,
    ending: SessionResult | PollError | None,
    rules: DecisionRules,
    *,
    source: str,
    now: float,
) -> DecisionEvent:
    """The one event for this session and policy; `now` (epoch seconds) is when it was decided.

    `traceparent` is set if the message had one: CloudEvents' extension for distributed tracing.
    """
    key, decided_at = session.key, timestamp(now)
    event = {
        "specversion": "1.0",
        "type": "liveness.decision.v1",
        "source": source,
        "id": key.event_id,
        "subject": key.session_id,
        "time": decided_at,
        "datacontenttype": "application/json",
        **({"traceparent": session.traceparent} if session.traceparent else {}),
    }
    # The context is already JSON. Parsing it again would take thirty times its bytes.
    early, late = _data(session, decision, ending, rules, decided_at)
    return DecisionEvent(key, _with(event, "data", _with(early, "context", session.context.decode(), late)))


def _data(
    session: Session,
    decision: Decision,
    ending: SessionResult | PollError | None,
    rules: DecisionRules,
    decided_at: str,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The members of `data` before the context, and those after it."""
    result = ending if isinstance(ending, SessionResult) else None
    early = {
        "sessionId": session.session_id,
        "outcome": decision.outcome.value,
        "reason": decision.reason.value,
        "status": _status(ending),
        "confidence": result.confidence if result else None,
        "threshold": rules.threshold,
        "policy": session.policy,
        "referenceImage": _image(result.reference_image) if result and result.reference_image else None,
        "auditImages": [_image(image) for image in result.audit_images] if result else [],
        "challenge": _challenge(result),
        "feedback": _feedback(session, result),
        "sdkType": result.sdk_type if result else None,
        "polls": session.polls,
        "createdAt": timestamp(session.created_at),
        "decidedAt": decided_at,
    }
    late: dict[str, Any] = {}
    if result is None or not result.status.is_terminal:
        late["lastError"] = str(session.last_error) if session.last_error else None
    return early, late


def _with(members: Mapping[str, Any], name: str, text: str, late: Mapping[str, Any] | None = None) -> str:
    """An object as JSON: `members`, then `name` with a value that is already JSON, then the `late` members."""
    rest = "," + compact_json(late)[1:] if late else "}"
    return f'{compact_json(members)[:-1]},"{name}":{text}{rest}'


def _status(ending: SessionResult | PollError | None) -> str | None:
    match ending:
        case SessionResult(status=status):
            return status.value
        case MalformedResult():
            return "SUCCEEDED"
        case UnknownStatus(status=status):
            return status
        case _:
            return None


def _image(image: Image) -> dict[str, Any]:
    return {
        "s3Object": _s3_object(image.s3_object),
        "boundingBox": _bounding_box(image.bounding_box),
        "sha256": image.sha256,
    }


def _s3_object(place: S3Object | None) -> dict[str, Any] | None:
    return {"bucket": place.bucket, "name": place.name, "version": place.version} if place else None


def _bounding_box(box: BoundingBox | None) -> dict[str, Any] | None:
    return {"width": box.width, "height": box.height, "left": box.left, "top": box.top} if box else None


def _feedback(session: Session, result: SessionResult | None) -> list[dict[str, Any]]:
    has_room = len(session.context) <= MAX_CONTEXT_BYTES - MAX_FEEDBACK_TEXT_BYTES
    items = result.feedback if result else ()
    return [{"code": item.code, "message": item.message if has_room else ""} for item in items]


def _challenge(result: SessionResult | None) -> dict[str, Any] | None:
    if result is None or result.challenge is None:
        return None
    return {"type": result.challenge.type, "version": result.challenge.version}
