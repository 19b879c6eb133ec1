"""Tiny servers on loopback, and settings that point at them."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.httpsession import URLLib3Session

BOTH_WAYS = pytest.mark.parametrize("way", ["fresh", "reused"])
"""For a test that has to hold on a new connection and on one that has carried a call; see the fixture `way`."""

SESSION_ID = "0f3c2b1a-1111-4222-8333-444455556666"
Script = Callable[["Server", socket.socket], object]


@dataclass(frozen=True)
class Aws:
    """The settings `[aws]` of a test."""

    region: str = "us-east-1"
    profile: str = ""
    endpoint_url: str = ""
    ca_bundle: str = ""
    verify_ssl: bool = True
    sign_request: bool = False
    connect_timeout: float = 30.0
    read_timeout: float = 30.0


@dataclass
class Server:
    """Runs `script` for each connection, in a thread of its own; stops with the test.

    `warms_up`: the first connection has a plain call before its script, which is not counted.
    """

    script: Script
    context: ssl.SSLContext | None = None
    warms_up: bool = False
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)
    hung_up: threading.Event = field(default_factory=threading.Event)
    _open: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._run(self._accept)

    @property
    def url(self) -> str:
        return f"{'https' if self.context else 'http'}://localhost:{self.port}"

    def close(self) -> None:
        self.stopped.set()
        for sock in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _run(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            self._run(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            if self.context is None:
                self._run_script(sock)
                return
            with self.context.wrap_socket(sock, server_side=True) as tls:
                self._open.append(tls)
                self._run_script(tls)

    def _run_script(self, sock: socket.socket) -> None:
        if self.warms_up and self.connections == 1:
            self.read_request(sock)
            self.requests.clear()
            sock.sendall(reply(ANSWER))
        self.script(self, sock)

    def read_request(self, sock: socket.socket) -> bytes:
        """One request, head and body; empty when the client has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = sock.recv(65536)
            if not part:
                self.hung_up.set()
                return b""
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += sock.recv(65536)
        self.requests.append(head)
        return head

    def drip(self, sock: socket.socket, data: bytes, every: float = 0.1) -> None:
        """Send a byte at a time until the test ends or the client hangs up."""
        for byte in data:
            sock.sendall(bytes([byte]))
            if self.stopped.wait(every):
                return


_send = URLLib3Session.send


@contextlib.contextmanager
def without_botocores_sender() -> Iterator[None]:
    """Fail if botocore sends a call itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(URLLib3Session, "send", lambda *_: pytest.fail("botocore sent this call itself"))
        yield


@contextlib.contextmanager
def with_botocores_sender() -> Iterator[None]:
    """Let botocore send a call after all, for a comparison."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(URLLib3Session, "send", _send)
        yield


def reply(body: bytes | dict[str, Any], status: str = "200 OK", **headers: str) -> bytes:
    """An HTTP answer with this body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/x-amz-json-1.1", f"Content-Length: {len(raw)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


ANSWER: dict[str, Any] = {"SessionId": SESSION_ID, "Status": "IN_PROGRESS"}
