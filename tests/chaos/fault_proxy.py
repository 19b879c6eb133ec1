"""An HTTP proxy before one service, which can be told to fail in all the ways that services and networks do."""

import json
import re
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from urllib.parse import urlsplit

LONG = 600.0
"""Seconds that a stalled call is held at most, should nobody end the fault."""


class Fault(StrEnum):
    NONE = "none"
    THROTTLE = "throttled"
    ERROR = "500"
    STALL = "stalled"
    RESET = "reset"
    REFUSED = "refused"
    HTML = "200 with HTML"
    DENIED_HTML = "403 with HTML"
    BLANK = "empty 200"
    MALFORMED = "malformed"
    ANSWER_LOST = "done, answer lost"


_HTML = b"<html><body><h1>Welcome to the hotel's network</h1>Please accept our terms.</body></html>"
_JSON = "application/x-amz-json-1.0"

_FIXED = {
    Fault.ERROR: (500, _JSON, b'{"__type": "InternalServerError", "message": "try again"}'),
    Fault.HTML: (200, "text/html", _HTML),
    Fault.DENIED_HTML: (403, "text/html", _HTML),
    Fault.BLANK: (200, _JSON, b""),
}
"""Answers that are always the same: status, content type and body."""

_ODD: tuple[tuple[int, bytes], ...] = (
    (400, b'{"__type": ["x"]}'),
    (400, b'{"__type": {"a": 1}, "message": 7}'),
    (400, b"[]"),
    (500, b"null"),
    (503, b'"later"'),
    (200, b"[]"),
    (200, b"null"),
    (200, b"17"),
    (200, b"\xff\xfe\x00"),
    (200, b'{"SessionId": "'),
    (200, b'{"Status": 7, "SessionId": {}}'),
    (200, b'{"Messages": "none", "Attributes": null, "Responses": [], "Item": 3}'),
    (200, b'{"Messages": [null, 7, {"Body": 5}], "Attributes": {"ApproximateNumberOfMessages": "many"}}'),
    (200, b'{"Messages": [{"MessageId": [], "ReceiptHandle": {}, "Body": null, "Attributes": 1}]}'),
    (200, b'{"Responses": {"decisions": "x"}, "UnprocessedKeys": 5, "Successful": 1, "Failed": 2}'),
    (200, b'{"Responses": {"decisions": [{"sessionId": {"S": 5}}]}, "Items": [[]], "Count": "x"}'),
    (200, b"[" * 5000),
)
"""Answers of no service: status and body."""


@dataclass(frozen=True)
class Wire:
    """How one service says that it throttles: status and error type."""

    throttle_status: int = 400
    throttle_type: str = "ThrottlingException"


REKOGNITION = Wire()
SQS = Wire(400, "com.amazonaws.sqs#RequestThrottled")
DYNAMODB = Wire(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException")
AWS_SINK = Wire()
RECEIVER = Wire(429, "")


class FaultProxy:
    """Listens at `url` until closed. `hits` counts the calls that a fault befell, `passed` the others."""

    def __init__(self, upstream: str, wire: Wire, chance: Random) -> None:
        self.wire = wire
        self.hits: Counter[Fault] = Counter()
        self.passed = 0
        self.revoked: set[str] = set()
        """Access keys that the service refuses."""
        self._address = urlsplit(upstream).netloc
        self._chance = chance
        self._fault = Fault.NONE
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._server: _Server | None = None
        self.port = 0
        self._listen()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def begin(self, fault: Fault) -> None:
        """Fail so from now on, the connections that are open too."""
        with self._lock:
            self._fault, self._over = fault, threading.Event()
        if fault is Fault.REFUSED:
            self._deafen()
        self.hang_up()

    def end(self) -> None:
        """All is well again."""
        with self._lock:
            was, self._fault = self._fault, Fault.NONE
            self._over.set()
        if was is Fault.REFUSED:
            self._listen()

    def hang_up(self) -> None:
        """Reset every connection."""
        with self._lock:
            cut = list(self._open)
        for connection in cut:
            reset(connection)

    def close(self) -> None:
        self._over.set()
        self._deafen()
        self.hang_up()

    def _listen(self) -> None:
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = _Server(("127.0.0.1", self.port), handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _deafen(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def answer(self, request: "_Handler", body: bytes) -> tuple[int, str, bytes] | None:
        """Status, content type and body; None is a reset."""
        with self._lock:
            fault, over = self._fault, self._over
            self.hits[fault] += fault is not Fault.NONE
            self.passed += fault is Fault.NONE
            odd = self._chance.choice(_ODD)
        if key := self._revoked_key(request):
            return 400, _JSON, json.dumps({"__type": "UnrecognizedClientException", "message": key}).encode()
        if fault in _FIXED:
            return _FIXED[fault]
        if fault is Fault.THROTTLE:
            error = {"__type": self.wire.throttle_type, "message": "Rate exceeded"}
            return self.wire.throttle_status, _JSON, json.dumps(error).encode()
        if fault is Fault.MALFORMED:
            return odd[0], _JSON, odd[1]
        if fault is Fault.STALL:
            over.wait(LONG)
        return self._forwarded(fault, request, body)

    def _forwarded(self, fault: Fault, request: "_Handler", body: bytes) -> tuple[int, str, bytes] | None:
        found = self._forward(request, body) if fault in {Fault.NONE, Fault.ANSWER_LOST} else None
        return found if fault is Fault.NONE else None

    def _revoked_key(self, request: "_Handler") -> str:
        found = re.search(r"Credential=([^/]+)/", request.headers.get("Authorization", ""))
        return "The security token included in the request is invalid." if found and found[1] in self.revoked else ""

    def _forward(self, request: "_Handler", body: bytes) -> tuple[int, str, bytes] | None:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        connection = HTTPConnection(self._address, timeout=60)
        try:
            connection.request(request.command, request.path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.headers.get("Content-Type", _JSON), reply.read()
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()


_HOP = {"host", "connection", "accept-encoding", "content-length", "transfer-encoding"}


def reset(connection: socket.socket) -> None:
    """End it with a RST, as a machine that has crashed does."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the other side was quicker


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients are killed here, and calls cut: that is the point."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Status line, headers and body are several writes: without this each answer would wait for a delayed ACK.
    disable_nagle_algorithm = True
    proxy: FaultProxy

    def setup(self) -> None:
        super().setup()
        self.proxy.opened(self.connection)

    def finish(self) -> None:
        self.proxy.closed(self.connection)
        super().finish()

    def do_POST(self) -> None:
        found = self.proxy.answer(self, self.rfile.read(int(self.headers["Content-Length"])))
        if found is None:
            reset(self.connection)
            self.close_connection = True
            return
        status, kind, content = found
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""
