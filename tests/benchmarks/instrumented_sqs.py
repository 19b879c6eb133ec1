"""`watcher run` with a stopwatch on the queue side of a session: `instrumented_sqs.py FILE run ...`.

It leaves CPU seconds by part in FILE; see instrumented.py, whose stopwatch this is. Every thread that works for the
queue is in it: the one that receives, the long poll's, the acker's, the lease extender's, those of the batches.
"""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, only this folder is on the path

from tests.benchmarks.instrumented import run
from watcher.consumer.lease_extender import LeaseExtender
from watcher.queues.sqs.batches import BatchCaller
from watcher.queues.sqs.client import SqsCaller
from watcher.queues.sqs.leases import Leases
from watcher.queues.sqs.long_poll import LongPoll
from watcher.queues.sqs.queue import SqsQueue

CALLS = "the calls: botocore"

PARTS: list[tuple[str, Any, str]] = [
    (CALLS, SqsCaller, "_attempt"),
    ("receive", SqsQueue, "receive"),
    ("receive", SqsQueue, "_receive"),
    ("receive: the poll's thread", LongPoll, "__init__"),
    ("receive: the poll's thread", LongPoll, "_run"),
    ("extend", LeaseExtender, "extend_due"),
    ("extend", Leases, "extend"),
    ("ack", Leases, "ack"),
    ("batches", BatchCaller, "run"),
    ("batches", BatchCaller, "_batch"),
    ("depth", SqsQueue, "depth"),
]

if __name__ == "__main__":
    run(PARTS)
