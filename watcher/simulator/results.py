"""Converts a request to a session's settings, and a session to the answer of a results call."""

import base64
from typing import Any

from watcher.simulator.challenges import choose
from watcher.simulator.images import jpeg
from watcher.simulator.limits import LIMITS
from watcher.simulator.sessions import FAILED, SUCCEEDED, CreateRequest, SimulatedSession

FEEDBACK_MESSAGES = {
    "FACE_NOT_VISIBLE": "Keep your face in view of the camera.",
    "FACE_OBSTRUCTION_DETECTED": "Remove anything that covers your face.",
    "LOW_VIDEO_QUALITY_DETECTED": "The video is too blurred. Hold still and clean the camera.",
    "FACE_NOT_ALIGNED": "Keep your face inside the oval.",
    "EYES_CLOSED_DETECTED": "Keep your eyes open.",
    "LOW_LIGHTING_DETECTED": "Move to a brighter place.",
    "HIGH_LIGHTING_DETECTED": "Move out of the bright light.",
}


def session_request(members: dict[str, Any]) -> CreateRequest:
    """The settings in a valid CreateFaceLivenessSession request, defaults filled in as AWS does.

    Raises:
        ApiError: InvalidParameterException for a challenge whose minimum version is above its maximum.
    """
    settings = members.get("Settings") or {}
    output = settings.get("OutputConfig") or {}
    return CreateRequest(
        audit_images_limit=max(0, min(LIMITS.audit_images, int(settings.get("AuditImagesLimit") or 0))),
        bucket=output.get("S3Bucket", ""),
        key_prefix=output.get("S3KeyPrefix") or "",
        challenge=choose(settings.get("ChallengePreferences") or []),
        token=members.get("ClientRequestToken") or "",
    )


def results(session: SimulatedSession, status: str, image_size: int) -> dict[str, Any]:
    """The answer of GetFaceLivenessSessionResults. Only a finished session has more than id and status."""
    answer: dict[str, Any] = {"SessionId": session.id, "Status": status}
    if status == SUCCEEDED:
        answer |= _success(session, image_size)
    if status in {SUCCEEDED, FAILED}:
        answer |= _streamed(session)
    return answer


def _success(session: SimulatedSession, image_size: int) -> dict[str, Any]:
    script = session.script
    found: dict[str, Any] = {}
    if script.confidence is not None:
        found["Confidence"] = script.confidence
    if script.reference_image:
        found["ReferenceImage"] = _image(session, 0, image_size)
    found["AuditImages"] = [_image(session, number, image_size) for number in range(1, image_count(session))]
    found["Feedback"] = [{"Code": code, "Message": _feedback_message(code)} for code in script.feedback]
    return found


def image_count(session: SimulatedSession) -> int:
    """How many images it has, with the reference image."""
    return 1 + min(session.script.audit_images, session.request.audit_images_limit)


def _streamed(session: SimulatedSession) -> dict[str, Any]:
    challenge, sdk_type = session.request.challenge, session.script.sdk_type
    found: dict[str, Any] = {"Challenge": {"Type": challenge.type, "Version": challenge.version}}
    if sdk_type:
        found["Metadata"] = {"SDKType": sdk_type}
    return found


def _feedback_message(code: str) -> str:
    return FEEDBACK_MESSAGES.get(code, code.replace("_", " ").capitalize())


def _image(session: SimulatedSession, index: int, size: int) -> dict[str, Any]:
    """Image 0 is the reference image. A bucket without versioning gives no Version member."""
    box = {"BoundingBox": session.script.bounding_box.as_answer()}
    if session.request.bucket:
        return {"S3Object": {"Bucket": session.request.bucket, "Name": image_key(session, index)}} | box
    return {"Bytes": base64.b64encode(jpeg(session.id, index, size)).decode()} | box


def image_key(session: SimulatedSession, index: int) -> str:
    """The object key of an image in S3; 0 is the reference image."""
    prefix = session.request.key_prefix
    folder = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
    return f"{folder}{session.id}/{'reference' if index == 0 else f'audit-{index - 1}'}.jpg"
