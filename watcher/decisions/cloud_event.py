"""The decision as a CloudEvents 1.0 event in structured JSON: built once, handed over byte for byte ever after."""

import json
import re
from collections.abc import Mapping
from typing import Any

from watcher.domain.errors import MalformedResult, PollError, UnknownStatus
from watcher.domain.model import BoundingBox, Decision, DecisionEvent, DecisionRules, Image, S3Object, SessionResult
from watcher.sessions.session import Watch
from watcher.util.rfc3339 import timestamp

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def decision_event(
    watch: Watch,
    verdict: Decision,
    ending: SessionResult | PollError | None,
    rules: DecisionRules,
    *,
    source: str,
    now: float,
) -> DecisionEvent:
    """The one event for this session and policy; `now` (epoch seconds) is when it was decided.

    `traceparent` is there if the message had one: CloudEvents' extension for distributed tracing.
    """
    key, decided_at = watch.key, timestamp(now)
    result = ending if isinstance(ending, SessionResult) else None
    data: dict[str, Any] = {
        "sessionId": key.session_id,
        "outcome": verdict.outcome.value,
        "reason": verdict.reason.value,
        "status": _status(ending),
        "confidence": result.confidence if result else None,
        "threshold": rules.threshold,
        "policy": key.policy,
        "referenceImage": _image(result.reference_image) if result and result.reference_image else None,
        "auditImages": [_image(image) for image in result.audit_images] if result else [],
        "challenge": _challenge(result),
        "polls": watch.polls,
        "createdAt": timestamp(watch.created_at),
        "decidedAt": decided_at,
        "context": watch.context,
    }
    if result is None or not result.status.is_terminal:
        data["lastError"] = str(watch.last_error) if watch.last_error else None
    event = {
        "specversion": "1.0",
        "type": "liveness.decision.v1",
        "source": source,
        "id": key.event_id,
        "subject": key.session_id,
        "time": decided_at,
        "datacontenttype": "application/json",
        **({"traceparent": watch.traceparent} if watch.traceparent else {}),
        "data": data,
    }
    return DecisionEvent(key, _text(event))


def _text(event: Mapping[str, Any]) -> str:
    """JSON in as few bytes as UTF-8 allows: a context in another script must not outgrow what the sinks take.

    Escaped are only what UTF-8 can't say (half of a surrogate pair), what SQS doesn't take (U+FFFE, U+FFFF), and what
    some readers take for the end of a line.
    """
    text = _encode(event)
    if text.isascii() and "\x7f" not in text:  # the usual case, told without a look at each character
        return text
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


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


def _challenge(result: SessionResult | None) -> dict[str, Any] | None:
    if result is None or result.challenge is None:
        return None
    return {"type": result.challenge.type, "version": result.challenge.version}
