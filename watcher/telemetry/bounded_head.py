"""Bounds what the server of /metrics reads of a request."""

from http.client import LineTooLong
from typing import BinaryIO

LARGEST_HEAD = 16 * 1024
"""Maximum bytes of a request's line and headers: a scraper's have less than 1 KiB. The base class accepts 100 headers
of 64 KiB each, and needs several times as much memory to read them, for each connection."""


class BoundedHead:
    """Reads what a client sends: a line at a time, and at most `LARGEST_HEAD` bytes."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._left = LARGEST_HEAD
        self.close = source.close

    def readline(self, limit: int) -> bytes:
        """The next line, or `limit` bytes of it.

        Raises:
            LineTooLong: the head is too large. The base class answers that with 431.
        """
        if self._left <= 0:
            raise LineTooLong("head")
        line = self._source.readline(min(limit, self._left))
        self._left -= len(line)
        return line
