"""As much of SQS as a benchmark of the watcher needs, and hardly any CPU of its own: `light_sqs.py`, a process.

Its first line on stdout is its URL. For each line on stdin it prints, as JSON, the calls so far by operation, and
under `left` how many messages there are. Leases don't run out: what is not given back is gone until it is deleted.
"""

import json
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from hashlib import md5
from threading import Condition
from typing import Any

from watcher.simulator.http1 import Request
from watcher.simulator.server import HttpServer
from watcher.simulator.service import TimedReply
from watcher.simulator.wire import reply

PREFIX = "AmazonSQS."
CONTENT_TYPE = "application/x-amz-json-1.0"
PADDING = "x" * 180
"""SQS's receipt handles are long; their length is part of what a call costs."""

Members = dict[str, Any]


class LightSqs:
    """Queues by the paths of their URLs, made when first used; shared by the threads of a server."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._changed = Condition()
        self._waiting: dict[str, deque[Members]] = {}
        self._leased: dict[str, dict[str, Members]] = {}
        self._count = 0
        self._operations: dict[str, Callable[[Members], Members]] = {
            "SendMessageBatch": self._send,
            "ReceiveMessage": self._receive,
            "ChangeMessageVisibilityBatch": self._change,
            "DeleteMessageBatch": self._delete,
            "GetQueueAttributes": self._attributes,
            "GetQueueUrl": self._url,
        }

    def handle(self, request: Request) -> TimedReply:
        """One call."""
        operation = request.headers.get("x-amz-target", "").removeprefix(PREFIX)
        if operation not in self._operations:
            refusal = b'{"__type": "com.amazonaws.sqs#UnsupportedOperation", "message": ""}'
            return TimedReply(reply(400, refusal, content_type=CONTENT_TYPE))
        with self._changed:
            self.calls[operation] += 1
            answer = self._operations[operation](json.loads(request.body))
        return TimedReply(reply(200, json.dumps(answer).encode(), content_type=CONTENT_TYPE))

    def report(self) -> Members:
        """What a line on stdin asks for."""
        with self._changed:
            kept = [*self._waiting.values(), *self._leased.values()]
            return {**self.calls, "left": sum(len(messages) for messages in kept)}

    def _send(self, asked: Members) -> Members:
        waiting, _ = self._queue(asked)
        for entry in asked["Entries"]:
            waiting.append(self._message(entry["MessageBody"]))
        self._changed.notify_all()
        return {"Successful": [{"Id": entry["Id"], "MessageId": "sent"} for entry in asked["Entries"]], "Failed": []}

    def _message(self, body: str) -> Members:
        self._count += 1
        attributes = {"SentTimestamp": str(round(time.time() * 1000)), "ApproximateReceiveCount": "1"}
        return {
            "MessageId": f"00000000-0000-4000-8000-{self._count:012}",
            "ReceiptHandle": f"{PADDING}{self._count}",
            "MD5OfBody": md5(body.encode(), usedforsecurity=False).hexdigest(),
            "Body": body,
            "Attributes": attributes,
        }

    def _receive(self, asked: Members) -> Members:
        waiting, leased = self._queue(asked)
        # As SQS does: the first message to come ends the wait, and nobody waits for a second.
        self._changed.wait_for(lambda: bool(waiting), asked.get("WaitTimeSeconds", 0))
        count = min(len(waiting), asked.get("MaxNumberOfMessages", 1))
        messages = [waiting.popleft() for _ in range(count)]
        leased.update((message["ReceiptHandle"], message) for message in messages)
        return {"Messages": messages} if messages else {}

    def _change(self, asked: Members) -> Members:
        waiting, leased = self._queue(asked)
        for entry in asked["Entries"]:
            if not entry["VisibilityTimeout"] and (message := leased.pop(entry["ReceiptHandle"], None)):
                waiting.append(message)
                self._changed.notify_all()
        return _successful(asked)

    def _delete(self, asked: Members) -> Members:
        _, leased = self._queue(asked)
        for entry in asked["Entries"]:
            leased.pop(entry["ReceiptHandle"], None)
        return _successful(asked)

    def _attributes(self, asked: Members) -> Members:
        waiting, leased = self._queue(asked)
        counts = {"": len(waiting), "NotVisible": len(leased), "Delayed": 0}
        known = {f"ApproximateNumberOfMessages{name}": str(count) for name, count in counts.items()}
        return {"Attributes": {name: known[name] for name in asked["AttributeNames"] if name in known}}

    def _url(self, asked: Members) -> Members:
        return {"QueueUrl": f"/000000000000/{asked['QueueName']}"}

    def _queue(self, asked: Members) -> tuple[deque[Members], dict[str, Members]]:
        url = asked["QueueUrl"]
        return self._waiting.setdefault(url, deque()), self._leased.setdefault(url, {})


def _successful(asked: Members) -> Members:
    return {"Successful": [{"Id": entry["Id"]} for entry in asked["Entries"]], "Failed": []}


def main() -> None:
    """Serve until stdin ends, so that it can't outlive whoever started it."""
    sqs = LightSqs()
    server = HttpServer(sqs.handle, "127.0.0.1", 0)
    host, port = server.address
    print(f"http://{host}:{port}", flush=True)
    for _ in sys.stdin:
        print(json.dumps(sqs.report()), flush=True)
    server.close()


if __name__ == "__main__":
    main()
