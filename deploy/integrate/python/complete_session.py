#!/usr/bin/env python3
"""Tell the watcher that the person has finished: complete_session.py QUEUE_URL SESSION_ID [POLICY].

Needs boto3 and the permission sqs:SendMessage.
"""

import json
import sys

import boto3


def main(queue_url: str, session_id: str, policy: str = "default") -> None:
    """Send one message, as a back end does in the route that the app calls in onAnalysisComplete.

    The policy is the one that the session was sent with, from the back end's own record.
    """
    message = {"sessionId": session_id, "policy": policy, "complete": True}
    boto3.client("sqs").send_message(QueueUrl=queue_url, MessageBody=json.dumps(message))


if __name__ == "__main__":
    main(*sys.argv[1:])
