"""The queue messages of a hint: S3's event notifications, and the watcher's completion message.

The Amazon S3 User Guide, "Event message structure", describes the notifications. S3 writes one for each object;
several may come in one message.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import quote_plus

from watcher.simulator.hints import HintKind, SimulatedHint
from watcher.simulator.results import image_count, image_key
from watcher.simulator.sessions import SimulatedSession

NO_BUCKET = "no-output-config"
"""The bucket in notifications of a session without an OutputConfig, which S3 would not announce."""

_REGION = "us-east-1"


def bodies(hint: SimulatedHint, epoch_offset: float, image_size: int) -> list[str]:
    """Its messages; `epoch_offset` plus a time of the simulator's clock is the time since the epoch."""
    if hint.kind == HintKind.MESSAGE:
        return [_compact(_completion(hint.session, epoch_offset))]
    rng = Random(f"{hint.session.id}/s3")
    records = list(_records(hint, _rfc3339(hint.due + epoch_offset), image_size, rng))
    groups = [records] if rng.random() < 0.5 else [[record] for record in records]
    return [_compact({"Records": group}) for group in groups]


def _completion(session: SimulatedSession, epoch_offset: float) -> dict[str, Any]:
    """A completion message is a request, too: under another policy it would begin a second watch."""
    policy = {"policy": session.script.policy} if session.script.policy else {}
    created_at = _rfc3339(session.created_at + epoch_offset)
    return {"sessionId": session.id, "createdAt": created_at, **policy, "complete": True}


def _records(hint: SimulatedHint, at: str, image_size: int, rng: Random) -> Iterator[dict[str, Any]]:
    session, images = hint.session, image_count(hint.session)
    bucket = session.request.bucket or NO_BUCKET
    for index in range(images if hint.is_true else 1):
        yield {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": _REGION,
            "eventTime": at,
            "eventName": "ObjectCreated:Put",
            "userIdentity": {"principalId": "AWS:SIMULATED"},
            "requestParameters": {"sourceIPAddress": "127.0.0.1"},
            "responseElements": {"x-amz-request-id": f"{rng.getrandbits(64):016X}", "x-amz-id-2": "simulated"},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "liveness-images",
                "bucket": {
                    "name": bucket,
                    "ownerIdentity": {"principalId": "SIMULATED"},
                    "arn": f"arn:aws:s3:::{bucket}",
                },
                "object": {
                    "key": quote_plus(image_key(session, index), safe="/"),  # as S3 writes keys
                    "size": image_size,
                    "eTag": f"{rng.getrandbits(128):032x}",
                    "sequencer": f"{rng.getrandbits(64):016X}",
                },
            },
        }


def _rfc3339(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _compact(content: dict[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"))
