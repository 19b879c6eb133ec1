"""What Rekognition noticed in a video: conditions that lower its score. They explain a decision, and change none."""

from enum import StrEnum
from typing import NamedTuple


class FeedbackCode(StrEnum):
    """The codes that the service model gives. AWS may add more, so an event can have others."""

    FACE_NOT_VISIBLE = "FACE_NOT_VISIBLE"
    FACE_OBSTRUCTION_DETECTED = "FACE_OBSTRUCTION_DETECTED"
    LOW_VIDEO_QUALITY_DETECTED = "LOW_VIDEO_QUALITY_DETECTED"
    FACE_NOT_ALIGNED = "FACE_NOT_ALIGNED"
    EYES_CLOSED_DETECTED = "EYES_CLOSED_DETECTED"
    LOW_LIGHTING_DETECTED = "LOW_LIGHTING_DETECTED"
    HIGH_LIGHTING_DETECTED = "HIGH_LIGHTING_DETECTED"


class Feedback(NamedTuple):
    """One condition: `code` is for programs; `message` may be shown to the person, and may change."""

    code: str
    message: str
