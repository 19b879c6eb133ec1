"""What the peers share: where to poll and for how long, the decision, and the line that tells it.

Nothing here needs more than the standard library: each peer runs in whatever Python has its package.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REGION = "us-east-1"
WORKERS = 64
"""Calls under way at once, in the peers that have a pool: with 50 ms a call, more than two cores can make."""

THRESHOLD = 80.0
ENDED = frozenset({"SUCCEEDED", "FAILED", "EXPIRED"})
PASSING = frozenset({"ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError"})
"""Error codes after which a session is polled again."""


class StillRunning(Exception):
    """The session has no terminal status yet: the peer's own way to retry takes it from here."""


@dataclass(frozen=True)
class Work:
    """What a worker is told.

    Attributes:
        url: of the endpoint.
        folder: for its decisions, and for a queue that is a file.
        redis: path of a Redis server's socket, "" without one.
        interval: seconds between two polls of a session.
        life: seconds from a session's creation after which it is given up.
    """

    url: str
    folder: Path
    redis: str
    interval: float
    life: float

    @classmethod
    def from_environment(cls) -> "Work":
        """As `environment` left it."""
        found = json.loads(os.environ["PEER_WORK"])
        return cls(**found | {"folder": Path(found["folder"])})

    def environment(self) -> dict[str, str]:
        """For the worker's process."""
        return {"PEER_WORK": json.dumps(vars(self) | {"folder": str(self.folder)})}

    def left(self, created: float) -> float:
        """Seconds that a session created then may still be watched."""
        return created + self.life - time.time()

    @property
    def decisions(self) -> Path:
        """The file of decision lines."""
        return self.folder / "decisions"


@dataclass(frozen=True)
class Journal:
    """Appends decision lines; several threads and processes may share the file."""

    path: Path

    def tell(self, session_id: str, outcome: str) -> None:
        """One line, in one write."""
        line = {"sessionId": session_id, "outcome": outcome, "decidedAt": time.time()}
        with self.path.open("ab", buffering=0) as file:
            file.write(json.dumps(line).encode() + b"\n")


def is_open(answer: dict[str, Any]) -> bool:
    """Whether a session has to be polled again."""
    return answer.get("Status") not in ENDED


def is_passing(error: BaseException) -> bool:
    """Whether a botocore ClientError is one to poll again after."""
    answer = getattr(error, "response", None) or {}
    return answer.get("Error", {}).get("Code") in PASSING


def outcome_of(answer: dict[str, Any] | None) -> str:
    """The decision on a last answer; None is a session that was given up."""
    if answer is None or answer.get("Status") != "SUCCEEDED" or "Confidence" not in answer:
        return "inconclusive"
    return "live" if answer["Confidence"] >= THRESHOLD else "not_live"


def boto3_client(work: Work) -> Any:
    """boto3's own client as its manual has it, with a connection for each worker."""
    import boto3
    from botocore.config import Config

    config = Config(max_pool_connections=WORKERS)
    return boto3.client("rekognition", region_name=REGION, endpoint_url=work.url, config=config)


def poll_once(client: Any, work: Work, session_id: str, created: float) -> str:
    """One poll, for the task queues: the outcome, or StillRunning to be asked for again."""
    try:
        answer = client.get_face_liveness_session_results(SessionId=session_id)
    except client.exceptions.ClientError as error:
        if not is_passing(error):
            return outcome_of(None)
        answer = {}
    if is_open(answer) and work.left(created) > 0:
        raise StillRunning(session_id)
    return outcome_of(answer)


def arriving() -> Iterator[tuple[str, float]]:
    """Session ids with the epoch seconds of their creation, a line each on stdin."""
    for line in sys.stdin:
        session_id, created = line.split()
        yield session_id, float(created)
