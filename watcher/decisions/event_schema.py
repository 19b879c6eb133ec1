"""The JSON Schema of the events that `cloud_event.py` makes."""

from typing import Any

from watcher.domain.decision_table import DECISIONS, SCORED
from watcher.domain.json_schema import DIALECT, Schema, members, nullable, session_id, text, time, traceparent
from watcher.domain.model import Outcome, Reason, SessionStatus

_OPTIONAL = ("lastError", "confidence", "threshold", "referenceImage", "auditImages", "feedback", "sdkType")
"""A sink with `fields = "outcome"` leaves out the score and the images; an event from before an update has neither
feedback nor SDK type."""


def event_schema() -> dict[str, Any]:
    """The schema, draft 2020-12. Later releases may add members, so additional ones are allowed."""
    properties = {
        "specversion": text("Version of CloudEvents.", const="1.0"),
        "type": text("Kind and version of the event.", const="liveness.decision.v1"),
        "source": text("The watcher's region: /watcher/REGION.", format="uri-reference", minLength=1),
        "id": text(
            "SESSION_ID:POLICY. The same for each delivery: ignore an id that you already have.", minLength=38
        ),
        "subject": session_id("The session id."),
        "time": time("When it was decided, UTC."),
        "datacontenttype": text("Media type of `data`.", const="application/json"),
        "traceparent": traceparent("W3C Trace Context of the message, if it had one."),
        "data": {**members("The decision.", _data(), optional=_OPTIONAL), "oneOf": _rows()},
    }
    return {
        "$schema": DIALECT,
        "title": "liveness-watcher decision",
        **members("The decision on one session, a CloudEvents 1.0 event.", properties, optional=("traceparent",)),
    }


def _data() -> Schema:
    return {
        "sessionId": session_id("The session id, as CreateFaceLivenessSession gave it."),
        "outcome": text("What to do. Let the person in only if it is `live`.", enum=[each.value for each in Outcome]),
        "reason": text(
            "Why. Later releases may add reasons: act on `outcome`.", enum=[each.value for each in Reason]
        ),
        "status": nullable(text("The last status that Rekognition gave, if it gave any.")),
        "confidence": nullable(_score("Rekognition's confidence; null without one. Never show it to the person.")),
        "threshold": _score("The minimum confidence for the session to be live."),
        "policy": text("The policy that was applied: check that it is the one that you asked for.", minLength=1),
        "referenceImage": {
            "anyOf": [_image(), {"type": "null"}],
            "description": "The person's picture, if any.",
        },
        "auditImages": {
            "type": "array",
            "items": _image(),
            "description": "Further pictures; each like `referenceImage`.",
        },
        "challenge": nullable(
            members(
                "The person's challenge, if Rekognition said which.",
                {"type": nullable(text("Its type.")), "version": nullable(text("Its version."))},
            )
        ),
        "feedback": _feedback(),
        "sdkType": nullable(
            text("The client's SDK, as the client itself says: not to be trusted, and it decides nothing.")
        ),
        "polls": {"type": "integer", "minimum": 0, "description": "Number of calls to Rekognition."},
        "createdAt": time("When the session was created, as far as the watcher knows."),
        "decidedAt": time("When it was decided; reject events older than the time for which you keep ids."),
        "context": {
            "type": "object",
            "description": "The message's context. Anyone who may send messages can choose it.",
        },
        "lastError": nullable(text("Only without a final answer: the last fault, if any. For people, not programs.")),
    }


def _feedback() -> Schema:
    return {
        "type": "array",
        "items": members(
            "One condition.",
            {
                "code": text("For programs; AWS may add codes.", minLength=1),
                "message": text(
                    "For people: may be shown to the person, and its wording may change. Empty if AWS sent none "
                    "or the context takes more than 176 KiB."
                ),
            },
        ),
        "description": "What lowered the score, as Rekognition says. It decides nothing.",
    }


def _score(description: str) -> Schema:
    return {"type": "number", "minimum": 0, "maximum": 100, "description": description}


def _image() -> Schema:
    place = {
        "bucket": nullable(text("Bucket.")),
        "name": nullable(text("Key.")),
        "version": nullable(text("Version, in a bucket with versions.")),
    }
    box = {
        name: {"type": ["number", "null"], "description": "A ratio of the image's size; may be negative or above 1."}
        for name in ("width", "height", "left", "top")
    }
    return members(
        "A picture: its location in S3, or the digest of inline bytes. Never the bytes.",
        {
            "s3Object": nullable(members("Its location in S3, if it is there.", place)),
            "boundingBox": nullable(members("Where the face is, if Rekognition said so.", box)),
            "sha256": nullable(text("SHA-256 of the inline bytes, in hexadecimal.", pattern="^[0-9a-f]+$")),
        },
    )


def _rows() -> list[Schema]:
    return [{"properties": _row(outcome, reason)} for outcome, reason in DECISIONS]


def _row(outcome: Outcome, reason: Reason) -> Schema:
    row: Schema = {"outcome": {"const": outcome.value}, "reason": {"const": reason.value}}
    if reason in SCORED:
        row |= {"status": {"const": SessionStatus.SUCCEEDED.value}, "confidence": {"type": "number"}}
    return row
