"""The source from which http.client reads a response: received bytes first, then the socket, within limits."""

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
    """The part of a socket that is needed here. Both methods return nothing at the end, and raise OSError."""

    def recv(self, count: int, /) -> bytes:
        """Up to `count` bytes."""

    def recv_into(self, room: memoryview, /) -> int:
        """Read as much as has come and fits; returns how many bytes."""


class FinalResponse(HTTPResponse):
    """Continues reading if http.client mistakes an interim response for the final one: it only knows 100.

    A client has to expect any of them (RFC 9110, 15.2); otherwise the final one would look like the next call's
    response.
    """

    def begin(self) -> None:
        """Read up to the body of the final response; 101 counts as final, because no other follows.

        Raises:
            HTTPException: this is not HTTP, or there are too many interim responses.
        """
        for _ in range(LIMITS.interim_answers + 1):
            super().begin()
            if self.status >= 200 or self.status == 101:
                return
            self.headers = self.msg = None  # type: ignore[assignment] # what tells http.client that it has not begun
        raise HTTPException("interim responses without an end")


class Replayed(io.RawIOBase):
    """A file that starts with the bytes already read, and counts what is read: for a head no more than the limit.

    For a body with its framing it allows an eighth more than the limit, because trailers have no separate limit.
    """

    def __init__(
        self, source: Source, begun: bytes, max_body: int, before_read: Callable[[], None] | None = None
    ) -> None:
        self.seen = bytearray()
        """Everything that was read for the head."""
        self.body_bytes = 0
        """Bytes that were read for the body, including framing."""
        self._receive = source.recv
        self._begun = begun
        self._reader = _Reader(self)
        self._max_body, self._is_head = max_body, True
        self._before_read = before_read

    def makefile(self, _mode: str) -> Any:
        """The method that http.client calls on a socket."""
        return self._reader

    def allow_body(self) -> None:
        """The head is complete."""
        self._is_head = False

    def use_up(self) -> bool:
        """Read nothing more from the source; returns whether all received bytes have been used."""
        self._receive = lambda _: b""
        return not self._reader.read(1)

    def readable(self) -> bool:
        """What io asks: yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The earlier bytes, then new ones; 0 at the end. Raises ResponseTooLarge beyond a limit."""
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
        """Does nothing: http.client closes it at the response's end, but we still need to know what is left."""
