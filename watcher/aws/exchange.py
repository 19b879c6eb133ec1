"""An HTTP/1.1 answer read from a socket, with as little in between as can be.

A plain answer (a status, headers a line each, a Content-Length) is read here; any other form (chunks, HTTP/1.0, a
body until the connection closes, interim answers) is left to the standard library, which gets to see every byte.
Either way a connection with a byte too many on it is not kept: that would be taken for the next call's answer.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any, Protocol

READ = 65536
"""Bytes of a read: a whole answer without images, and more than a TLS record."""

MOST_HEAD = 65536
"""Bytes of a status line and headers; what has more is not plain."""

MOST_DIGITS = 15
"""Digits of a length that is plain; Python refuses to make a number of thousands."""

BLOCK = 4 * 1024 * 1024
"""Bytes of a body in one piece: room is made for no more than that before it comes, whatever was announced."""


MOST_INTERIM = 10
"""Interim answers that are passed over."""


class FinalResponse(HTTPResponse):
    """Reads on where http.client takes an interim answer for the answer: of those it knows only 100.

    A client has to expect any of them (RFC 9110, 15.2); what followed would be taken for the next call's answer.
    """

    def begin(self) -> None:
        """Read as far as the body of the final answer; 101 is one, for no other follows.

        Raises:
            HTTPException: this is not HTTP, or there is no end of interim answers.
        """
        for _ in range(MOST_INTERIM + 1):
            super().begin()
            if self.status >= 200 or self.status == 101:
                return
            self.headers = self.msg = None  # type: ignore[assignment] # what tells http.client that it has not begun
        raise HTTPException("interim answers without an end")


class Source(Protocol):
    """A socket, as far as it matters here. Both give nothing at the end, and raise OSError."""

    def recv(self, count: int, /) -> bytes:
        """Up to so many bytes."""

    def recv_into(self, room: memoryview, /) -> int:
        """Read as much as has come, and there is room for; how much that was."""


@dataclass(slots=True)
class Answer:
    """A whole answer. `keeps`: the connection can carry another call. `stream()` is what botocore reads it by."""

    status: int
    headers: dict[str, str]
    parts: list[bytes]
    keeps: bool

    def stream(self) -> Iterator[bytes]:
        """The body, in the parts that it came in."""
        return iter(self.parts)


def read_answer(source: Source, method: str) -> Answer:
    """The answer to a request that was sent.

    A body that breaks off is returned as far as it came, as urllib3 does for botocore.

    Raises:
        HTTPException: this is not HTTP, or it broke off where that can be told.
        OSError: whatever `source` raises.
    """
    data = source.recv(READ)
    while data and (end := data.find(b"\r\n\r\n")) < 0 and len(data) < MOST_HEAD:
        more = source.recv(READ)
        if not more:
            break
        data += more
    plain = _plain_head(data[:end]) if data and end >= 0 else None
    if plain is None:
        return _by_library(source, data, method)
    status, headers, length = plain
    return _read_body(source, data[end + 4 :], length, status, headers)


def _plain_head(head: bytes) -> tuple[int, dict[str, str], int] | None:
    """Status, headers and length of the body; None for everything that is not the usual form."""
    first, *lines = head.decode("latin-1").split("\r\n")
    if not first.startswith("HTTP/1.1 ") or not first[9:12].isdecimal() or first[12:13] not in {"", " "}:
        return None
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name in headers or name.strip() != name or "\n" in line or "\r" in line:
            return None
        headers[name] = value.strip()
    known = {name.lower(): value for name, value in headers.items()}
    length, status = known.get("content-length", ""), int(first[9:12])
    # Rekognition says keep-alive, though HTTP/1.1 means that anyway.
    is_kept = known.get("connection", "keep-alive").lower() == "keep-alive"
    is_plain = len(known) == len(headers) and "transfer-encoding" not in known and is_kept
    is_length = length.isascii() and length.isdecimal() and len(length) <= MOST_DIGITS
    if not is_plain or not is_length or status < 200 or status in {204, 304}:
        return None
    return status, headers, int(length)


def _read_body(source: Source, begun: bytes, length: int, status: int, headers: dict[str, str]) -> Answer:
    if len(begun) >= length:
        # More than was announced is what urllib3 leaves in the socket, where it would be the next call's answer.
        return Answer(status, headers, [begun[:length]], keeps=len(begun) == length)
    parts, missing = [], length
    while missing > 0:
        size = min(missing, BLOCK)
        part = _block(source, begun, size)
        parts.append(part)
        if len(part) < size:
            return Answer(status, headers, parts, keeps=False)
        begun, missing = b"", missing - size
    return Answer(status, headers, parts, keeps=True)


def _block(source: Source, begun: bytes, size: int) -> bytes:
    """So many bytes, of which the first have come; fewer if there are no more.

    They are read into their place: an answer with images, put together from pieces, would be copied as a whole.
    """
    buffer = io.BytesIO(begun)
    buffer.seek(size - 1)
    buffer.write(b"\0")
    come, count = len(begun), 1
    with buffer.getbuffer() as room:
        while come < size and count:
            with room[come:] as rest:  # released at once: a traceback would keep it, and it the buffer
                count = source.recv_into(rest)
            come += count
    buffer.truncate(come)
    return buffer.getvalue()


def _by_library(source: Source, begun: bytes, method: str) -> Answer:
    replayed = _Replayed(source, begun)
    response = FinalResponse(replayed, method=method)  # type: ignore[arg-type] # a socket's one method
    try:
        response.begin()
        parts = list(iter(lambda: response.read(READ), b""))
        headers: dict[str, str] = {}
        for name, value in response.getheaders():
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        is_kept = response.isclosed() and not response.will_close and response.status >= 200
        keeps = is_kept and replayed.is_used_up()
    except ValueError as error:  # what the library lets out at a chunk of negative size
        raise HTTPException(f"not HTTP: {error}") from error
    finally:
        response.close()  # after a failure, too: left to the collector it may find its file gone before it
    return Answer(response.status, headers, parts, keeps)


class _Replayed(io.RawIOBase):
    """A file that begins with what was read before."""

    def __init__(self, source: Source, begun: bytes) -> None:
        self._receive = source.recv
        self._begun = begun
        self._reader = _Reader(self)

    def makefile(self, _mode: str) -> Any:
        """What http.client asks a socket for."""
        return self._reader

    def is_used_up(self) -> bool:
        """Whether nothing of what has come is left; nothing can be read any more."""
        self._receive = lambda _: b""
        return not self._reader.read(1)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part, self._begun = self._begun[: len(buffer)], self._begun[len(buffer) :]
        part = part or self._receive(len(buffer))
        buffer[: len(part)] = part
        return len(part)


class _Reader(io.BufferedReader):
    def close(self) -> None:
        """Nothing: http.client closes it at the answer's end, and then one still wants to know what is left."""
