#!/usr/bin/env python3
"""Ask the watcher for the decision on a session: send_session.py QUEUE_URL SESSION_ID [POLICY].

Needs boto3 and the permission sqs:SendMessage.
"""

import json
import sys
from datetime import UTC, datetime

import boto3


def main(queue_url: str, session_id: str, policy: str = "default") -> None:
    """Send one message, as a back end does right after CreateFaceLivenessSession."""
    message = {
        "sessionId": session_id,
        "createdAt": datetime.now(UTC).isoformat(),
        "policy": policy,
        "context": {"orderId": 17},
    }
    boto3.client("sqs").send_message(QueueUrl=queue_url, MessageBody=json.dumps(message))


if __name__ == "__main__":
    main(*sys.argv[1:])
