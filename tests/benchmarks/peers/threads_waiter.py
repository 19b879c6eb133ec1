"""A thread for each session, in which a custom waiter of botocore polls; there is none for Face Liveness.

A waiter gives no answer back when it is content, so one more call reads the result.
"""

import math
import threading
from typing import Any

from botocore.exceptions import WaiterError
from botocore.waiter import WaiterModel, create_waiter_with_client

from tests.benchmarks.peers.common import PASSING, Journal, Work, arriving, boto3_client, outcome_of

NAME = "FaceLivenessSessionEnded"


def model(interval: float) -> WaiterModel:
    statuses = {"SUCCEEDED": "success", "FAILED": "failure", "EXPIRED": "failure"}
    acceptors = [
        {"matcher": "path", "argument": "Status", "expected": status, "state": state}
        for status, state in statuses.items()
    ]
    # Without these the first throttle that boto3's own retries let through ends the waiting.
    acceptors += [{"matcher": "error", "expected": code, "state": "retry"} for code in sorted(PASSING)]
    waiter = {
        "operation": "GetFaceLivenessSessionResults",
        "delay": interval,
        "maxAttempts": 1,
        "acceptors": acceptors,
    }
    return WaiterModel({"version": 2, "waiters": {NAME: waiter}})


def watch(client: Any, work: Work, journal: Journal, session_id: str, created: float) -> None:
    waiter = create_waiter_with_client(NAME, model(work.interval), client)
    attempts = max(1, math.ceil(work.left(created) / work.interval))
    try:
        waiter.wait(SessionId=session_id, WaiterConfig={"Delay": work.interval, "MaxAttempts": attempts})
        answer = client.get_face_liveness_session_results(SessionId=session_id)
    except (WaiterError, client.exceptions.ClientError):
        answer = None
    journal.tell(session_id, outcome_of(answer))


def main() -> None:
    work = Work.from_environment()
    client, journal = boto3_client(work), Journal(work.decisions)
    for session in arriving():
        threading.Thread(target=watch, args=(client, work, journal, *session)).start()


if __name__ == "__main__":
    main()
