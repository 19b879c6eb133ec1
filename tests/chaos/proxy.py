"""An HTTP proxy in front of an SQS server: it counts, delays and throttles, and sees what is handed out."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

RECEIVE = "ReceiveMessage"
EXTEND = "ChangeMessageVisibilityBatch"

AT_ONCE = 3.0
"""Seconds. moto's server can give one message to two receivers that ask at the same time; that is no lease lost."""


class SqsProxy:
    """Listens at `url` until closed.

    `calls` counts operations; `received` are the ids of the messages that were handed out, under one of `receipts`,
    and `redelivered` of those that were handed out again more than `AT_ONCE` seconds later.
    """

    def __init__(
        self, upstream: str, delay: dict[str, float] | None = None, throttles: Callable[[str], bool] | None = None
    ) -> None:
        """`delay` in seconds for an operation; `throttles` says of each call whether it is refused."""
        self.calls: Counter[str] = Counter()
        self.throttled: Counter[str] = Counter()
        self.received: dict[str, float] = {}
        self.redelivered: set[str] = set()
        self.receipts: list[str] = []
        self._address = urlsplit(upstream).netloc
        self._delay = delay or {}
        self._throttles = throttles or (lambda _: False)
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, target: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """What SQS says, or the throttle."""
        operation = target.rpartition(".")[2]
        with self._lock:
            self.calls[operation] += 1
            is_throttled = self._throttles(operation)
            self.throttled[operation] += is_throttled
        time.sleep(self._delay.get(operation, 0.0))
        if is_throttled:
            return 400, b'{"__type": "com.amazonaws.sqs#RequestThrottled", "message": "Rate exceeded"}'
        connection = HTTPConnection(self._address, timeout=60)
        try:
            connection.request("POST", "/", body, headers)
            reply = connection.getresponse()
            status, content = reply.status, reply.read()
        finally:
            connection.close()
        if operation == RECEIVE and status == 200:
            self._note(json.loads(content))
        return status, content

    def _note(self, answer: dict[str, Any]) -> None:
        with self._lock:
            now = time.monotonic()
            for message in answer.get("Messages", ()):
                if now - self.received.get(message["MessageId"], now) > AT_ONCE:
                    self.redelivered.add(message["MessageId"])
                self.received[message["MessageId"]] = now
                self.receipts.append(message["ReceiptHandle"])


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Status line, headers and body are several writes: without this each answer would wait for a delayed ACK.
    disable_nagle_algorithm = True
    proxy: SqsProxy

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        status, content = self.proxy.answer(self.headers["X-Amz-Target"], headers, body)
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""
