"""The part of HTTP/1.1 that AWS clients use, parsed by hand: http.server uses the email package for each request.

That takes several times as long as the rest of a call here, and a benchmark of the watcher would measure this
endpoint.
"""

import socket
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from time import time

from watcher.simulator.limits import LIMITS
from watcher.simulator.wire import Reply

_REASONS = {status.value: status.phrase for status in HTTPStatus}


class BadRequestError(Exception):
    """An unreadable request; the connection ends after an answer with status `http`."""

    def __init__(self, http: int, words: str) -> None:
        """`words` are the answer's body."""
        super().__init__(words)
        self.http = http


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool


class RequestReader:
    """The requests on one connection, one after the other."""

    def __init__(self, connection: socket.socket) -> None:
        """Reads from `connection`, which the caller closes."""
        self._connection = connection
        self._buffer = b""

    def next(self) -> Request | None:
        """The next request; None if the client has closed the connection.

        Raises:
            BadRequestError: the request is not HTTP, or is too long.
            OSError: the connection broke.
        """
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > LIMITS.head:
                raise BadRequestError(431, "headers too long")
            if not self._receive():
                return None
        head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
        method, path, version, headers = _parse_head(head)
        body = self._body(headers)
        if body is None:
            return None
        connection = headers.get("connection", "").lower()
        keep_alive = connection != "close" and (version != "HTTP/1.0" or connection == "keep-alive")
        return Request(method, path, headers, body, keep_alive)

    def _body(self, headers: dict[str, str]) -> bytes | None:
        if "transfer-encoding" in headers:
            raise BadRequestError(411, "send a Content-Length: chunked bodies are not taken")
        digits = headers.get("content-length", "0")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= LIMITS.length_digits):
            raise BadRequestError(400, "Content-Length is not a number")
        length = int(digits)
        if length > LIMITS.body:
            raise BadRequestError(413, f"body over {LIMITS.body} bytes")
        if headers.get("expect", "").lower() == "100-continue":
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(self._buffer) < length:
            if not self._receive():
                return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return body

    def _receive(self) -> bool:
        chunk = self._connection.recv(65_536)
        self._buffer += chunk
        return bool(chunk)


def _parse_head(head: bytes) -> tuple[str, str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequestError(400, "not an HTTP/1 request")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return words[0], words[1].partition("?")[0], words[2], headers


def frame(reply: Reply, *, keep_alive: bool = True) -> tuple[bytes, bytes]:
    """The answer's head and body, as sent."""
    lines = [f"HTTP/1.1 {reply.http} {_REASONS.get(reply.http, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    lines.append(f"Date: {formatdate(time(), usegmt=True)}")
    lines.append(f"Content-Length: {len(reply.body)}")
    lines.append(f"Connection: {'keep-alive' if keep_alive else 'close'}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1"), reply.body
