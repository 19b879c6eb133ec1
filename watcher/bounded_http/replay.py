"""What http.client reads a response from: what has come already, and then the socket, within limits."""

import io
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from typing import Any, Protocol

from watcher.bounded_http.errors import ResponseTooLarge
from watcher.bounded_http.limits import LIMITS


def too_large(max_body: int) -> ResponseTooLarge:
    """The error for a body that is longer than `max_body` bytes."""
    return ResponseTooLarge(f"the response has more than {max_body / 1024 / 1024:g} MiB, the most that is read")


class Source(Protocol):
    """A socket, as far as it matters here. Both return nothing at the end, and raise OSError."""

    def recv(self, count: int, /) -> bytes:
        """Up to `count` bytes."""

    def recv_into(self, room: memoryview, /) -> int:
        """Read as much as has come and there is room for; how many bytes."""


class FinalResponse(HTTPResponse):
    """Reads on where http.client takes an interim response for the final one: of those it knows only 100.

    A client has to expect any of them (RFC 9110, 15.2); what followed would be taken for the next call's response.
    """

    def begin(self) -> None:
        """Read as far as the body of the final response; 101 is one, for no other follows.

        Raises:
            HTTPException: this is not HTTP, or there is no end of interim responses.
        """
        for _ in range(LIMITS.interim_answers + 1):
            super().begin()
            if self.status >= 200 or self.status == 101:
                return
            self.headers = self.msg = None  # type: ignore[assignment] # what tells http.client that it has not begun
        raise HTTPException("interim responses without an end")


class Replayed(io.RawIOBase):
    """A file that begins with what was read before, and counts what is read: of a head no more than the limit.

    Of a body with its framing it lets through an eighth more than the limit: trailers have no limit of their own.
    """

    def __init__(
        self, source: Source, begun: bytes, max_body: int, before_read: Callable[[], None] | None = None
    ) -> None:
        self.seen = bytearray()
        """All that was read for the head."""
        self.body_bytes = 0
        """Bytes that were read for the body, framing included."""
        self._receive = source.recv
        self._begun = begun
        self._reader = _Reader(self)
        self._max_body, self._is_head = max_body, True
        self._before_read = before_read

    def makefile(self, _mode: str) -> Any:
        """What http.client asks a socket for."""
        return self._reader

    def allow_body(self) -> None:
        """The head is over."""
        self._is_head = False

    def use_up(self) -> bool:
        """Read nothing more from the source; whether nothing of what has come is left."""
        self._receive = lambda _: b""
        return not self._reader.read(1)

    def readable(self) -> bool:
        """What io asks: yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """What came before, then what comes now; 0 at the end. Raises ResponseTooLarge beyond a limit."""
        part, self._begun = self._begun[: len(buffer)], self._begun[len(buffer) :]
        if not part:
            if self._before_read is not None:
                self._before_read()
            part = self._receive(len(buffer))
        buffer[: len(part)] = part
        self._count(part)
        return len(part)

    def _count(self, part: bytes) -> None:
        if self._is_head:
            self.seen += part
            if len(self.seen) > LIMITS.head:
                raise ResponseTooLarge(f"the response's headers have more than {LIMITS.head // 1024} KiB")
            return
        self.body_bytes += len(part)
        if self.body_bytes > LIMITS.read_size + self._max_body + self._max_body // 8:
            raise too_large(self._max_body)


class _Reader(io.BufferedReader):
    def close(self) -> None:
        """Nothing: http.client closes it at the response's end, and then one still wants to know what is left."""
