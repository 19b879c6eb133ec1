"""Converts an answer of GetFaceLivenessSessionResults to a SessionResult, trusting nothing.

Only SessionId and Status are guaranteed (botocore's service model), a blank body parses as an empty answer, and a
proxy can send anything. Image bytes go no further: they become a digest and are dropped.
"""

import hashlib
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from watcher.domain.errors import MalformedResult, UnknownStatus, UnreadableAnswer
from watcher.domain.feedback import Feedback
from watcher.domain.model import BoundingBox, Challenge, Image, S3Object, SessionResult, SessionStatus
from watcher.rekognition.image_digests import DIGESTED

AUDIT_IMAGES = 4
"""Maximum audit images of a session; more are dropped."""


class _Limits(NamedTuple):
    """Maximum items of Feedback, and characters of texts.

    They are the service model's. It has no limit for a challenge's type and version (30 characters today) and for a
    code; messages may be twice as long.
    Further items are dropped, a longer message is cut. Any other longer text is not the API's, and counts as absent.
    """

    bucket: int = 255
    key: int = 1024
    challenge: int = 100
    feedback: int = 10
    code: int = 64
    message: int = 1024
    sdk_type: int = 64


_MAX = _Limits()

_LONGEST_REPR = 60
_STATUSES = {status.value: status for status in SessionStatus}
_Take = Callable[[dict[str, Any]], str | None]


def parse_answer(session_id: str, response: Mapping[str, Any]) -> SessionResult:
    """The checked answer for `session_id`. Removes the image bytes from `response`, so that nothing can keep them.

    Raises:
        UnreadableAnswer: no status, or not this session's answer; UnknownStatus: a status the API doesn't have.
        MalformedResult: SUCCEEDED without a confidence that is a finite number in 0..100.
    """
    take = _take_digested if response.get(DIGESTED) is True else _take_digest
    reference_image = _reference_image(response.get("ReferenceImage"), take)
    audit_images = _audit_images(response.get("AuditImages"), take)
    _check_session(session_id, response)
    status = _status(response)
    return SessionResult(
        session_id=session_id,
        status=status,
        confidence=_confidence(status, response.get("Confidence")),
        reference_image=reference_image,
        audit_images=audit_images,
        challenge=_challenge(response.get("Challenge")),
        feedback=_feedback(status, response.get("Feedback")),
        sdk_type=_sdk_type(response.get("Metadata")),
    )


def _check_session(session_id: str, response: Mapping[str, Any]) -> None:
    answered = response.get("SessionId")
    if answered is None:
        is_blank = not any(key in response for key in ("SessionId", "Status"))
        raise UnreadableAnswer(
            "the answer is blank: neither SessionId nor Status in it" if is_blank else "the answer has no SessionId"
        )
    if answered != session_id:
        raise UnreadableAnswer(f"the answer is for another session: {_short(answered)}")


def _status(response: Mapping[str, Any]) -> SessionStatus:
    status = response.get("Status")
    if status is None:
        raise UnreadableAnswer("the answer has no Status")
    known = _STATUSES.get(status) if isinstance(status, str) else None
    if known is None:
        shown = status[:_LONGEST_REPR] if isinstance(status, str) else None
        raise UnknownStatus(f"the answer has an unknown Status: {_short(status)}", status=shown)
    return known


def _confidence(status: SessionStatus, value: object) -> float | None:
    # Comparisons with NaN are false, so NaN fails the range check like any number outside it.
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100:
        return float(value)
    if status is not SessionStatus.SUCCEEDED:
        return None
    if value is None:
        raise MalformedResult("SUCCEEDED without a Confidence")
    raise MalformedResult(f"SUCCEEDED with a Confidence that is not a number in 0..100: {_short(value)}")


def _reference_image(value: object, take: _Take) -> Image | None:
    image = _image(value, take)
    if image is None or (image.s3_object is None and image.sha256 is None):
        return None
    return image


def _audit_images(value: object, take: _Take) -> tuple[Image, ...]:
    if not isinstance(value, list):
        return ()
    del value[AUDIT_IMAGES:]
    return tuple(image for one in value if (image := _image(one, take)) is not None)


def _image(value: object, take: _Take) -> Image | None:
    if not isinstance(value, dict):
        return None
    return Image(
        s3_object=_s3_object(value.get("S3Object")),
        bounding_box=_bounding_box(value.get("BoundingBox")),
        sha256=take(value),
    )


def _take_digest(image: dict[str, Any]) -> str | None:
    content = _take_bytes(image)
    return hashlib.sha256(content).hexdigest() if content else None


def _take_digested(image: dict[str, Any]) -> str | None:
    return _take_bytes(image).hex() or None


def _take_bytes(image: dict[str, Any]) -> bytes | bytearray:
    content = image.pop("Bytes", None)
    return content if isinstance(content, bytes | bytearray) else b""


def _s3_object(value: object) -> S3Object | None:
    if not isinstance(value, dict):
        return None
    bucket, name = _text(value.get("Bucket"), _MAX.bucket), _text(value.get("Name"), _MAX.key)
    version = _text(value.get("Version"), _MAX.key)
    if bucket is None or name is None or (version is None and value.get("Version")):
        return None
    return S3Object(bucket=bucket, name=name, version=version)


def _bounding_box(value: object) -> BoundingBox | None:
    if not isinstance(value, dict):
        return None
    return BoundingBox(
        width=_finite(value.get("Width")),
        height=_finite(value.get("Height")),
        left=_finite(value.get("Left")),
        top=_finite(value.get("Top")),
    )


def _challenge(value: object) -> Challenge | None:
    if not isinstance(value, dict):
        return None
    kind, version = (_text(value.get(key), _MAX.challenge) for key in ("Type", "Version"))
    return Challenge(type=kind, version=version) if kind or version else None


def _feedback(status: SessionStatus, value: object) -> tuple[Feedback, ...]:
    """The readable items; only a session with a score has any (service model, Feedback)."""
    if status is not SessionStatus.SUCCEEDED or not isinstance(value, list):
        return ()
    items = (_feedback_item(item) for item in value[: _MAX.feedback])
    return tuple(item for item in items if item is not None)


def _feedback_item(value: object) -> Feedback | None:
    if not isinstance(value, dict):
        return None
    code, message = _text(value.get("Code"), _MAX.code), value.get("Message")
    return Feedback(code, message[: _MAX.message] if isinstance(message, str) else "") if code else None


def _sdk_type(value: object) -> str | None:
    return _text(value.get("SDKType"), _MAX.sdk_type) if isinstance(value, dict) else None


def _text(value: object, longest: int) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= longest else None


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # JSON allows integers that are too large for a float
        return None


def _short(value: object) -> str:
    """A short form of an odd value for an error text; only the type for bytes and containers (maybe images)."""
    if isinstance(value, float | bool):
        return repr(value)
    if isinstance(value, str):
        return repr(value[:_LONGEST_REPR])
    return f"a value of type {type(value).__name__}"
