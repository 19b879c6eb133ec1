"""A receiver of webhooks: a real HTTP/1.1 server on loopback that answers by a script."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 30.0
"""Seconds that a test waits for another thread before it fails; never waited for when all is well."""


@dataclass(frozen=True)
class Got:
    """One request; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int


Script = Callable[["Receiver", Any], None]


def answer(status: int, body: bytes = b"", **headers: str) -> Script:
    """Answers so; `retry_after="3"` is the header retry-after."""

    def run(_: "Receiver", handler: Any) -> None:
        handler.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return run


class Receiver:
    """Answers the n-th request by the n-th of its scripts, and all later ones by the last; 204 without any."""

    def __init__(self, *script: Script | int, context: ssl.SSLContext | None = None, host: str = "localhost") -> None:
        self.got: list[Got] = []
        self.stopped = threading.Event()
        self.script = [answer(step) if isinstance(step, int) else step for step in script or (204,)]
        self.lock = threading.Lock()
        self.connections: list[socket.socket] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients may hang up
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if context else 'http'}://{host}:{self.port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def ids(self) -> list[str]:
        return [got.headers["webhook-id"] for got in self.got]

    def close(self) -> None:
        self.stopped.set()
        for sock in self.connections:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self._server.shutdown()
        self._thread.join(PATIENCE)
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                receiver.connections.append(self.connection)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                with receiver.lock:
                    receiver.got.append(Got(self.command, self.path, headers, body, id(self.connection)))
                    step = receiver.script[min(len(receiver.got), len(receiver.script)) - 1]
                step(receiver, self)

            do_GET = do_POST  # noqa: N815 - a redirect that is followed would arrive as one

            def log_message(self, *_: object) -> None:
                pass

        return Handler
