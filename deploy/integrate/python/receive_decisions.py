#!/usr/bin/env python3
"""Act on the decisions of an SQS queue: receive_decisions.py QUEUE_URL [DATABASE].

Needs boto3 and the permissions sqs:ReceiveMessage and sqs:DeleteMessage.
"""

import json
import sys

import boto3
from decisions import Decisions


def main(queue_url: str, database: str = "decisions.db") -> None:
    """Receive until stopped. A message is deleted after its decision was acted on; else it comes again."""
    sqs, decisions = boto3.client("sqs"), Decisions(database)
    while True:
        answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        for message in answer.get("Messages", ()):
            decisions.act_on(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])


if __name__ == "__main__":
    main(*sys.argv[1:])
