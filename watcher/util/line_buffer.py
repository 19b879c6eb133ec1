"""Standard error behind a bounded buffer, so that logging never waits for a reader."""

import atexit
import io
import os
import select
import sys
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread

BUFFER_BYTES = 4 << 20
"""Maximum bytes that wait: some 10,000 log lines, minutes of a paused reader, and little memory for a pod."""

_BATCH_BYTES = 64 << 10
"""Maximum bytes of one write: the capacity of a pipe on Linux."""

LAST_FLUSH = 0.5
"""Seconds for the last lines at the end of the process. A second signal has to end it within one second."""


class LineBuffer(io.TextIOBase):
    """A text stream whose lines a separate thread writes to a descriptor.

    A line that does not fit, or can't be written, is dropped and counted.
    """

    def __init__(self, descriptor: int, encoding: str = "utf-8", limit: int = BUFFER_BYTES) -> None:
        self._descriptor = descriptor
        self._encoding = encoding
        self._limit = limit
        self._lines: deque[bytes] = deque()
        self._size = 0  # including the lines that are being written
        self._unfinished = ""
        self._dropped = 0
        self._changed = Condition()  # reentrant: a warning may be raised while a line is added
        self.on_recovery: Callable[[int], None] = lambda _lines: None
        Thread(target=self._write_all, name="stderr", daemon=True).start()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream that this one replaces."""
        return self._encoding

    @property
    def dropped(self) -> int:
        """Lines dropped so far."""
        return self._dropped

    def writable(self) -> bool:
        """Always."""
        return True

    def fileno(self) -> int:
        """The descriptor behind it."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether the descriptor is a terminal."""
        return os.isatty(self._descriptor)

    def write(self, text: str) -> int:
        """Add a text; its complete lines are written soon, the rest once its line ends. Never blocks.

        Raises:
            TypeError: bytes.
        """
        if not isinstance(text, str):
            raise TypeError(f"text, not {type(text).__name__}")
        with self._changed:
            *lines, self._unfinished = (self._unfinished + text).split("\n")
            for line in lines:
                self._take(f"{line}\n".encode(self._encoding, "backslashreplace"))
        return len(text)

    def drain(self, seconds: float) -> bool:
        """Wait at most this long for what was written so far; returns whether all of it is out."""
        with self._changed:
            if self._unfinished:
                self.write("\n")
            return self._changed.wait_for(lambda: not self._size, seconds)

    def _take(self, line: bytes) -> None:
        if self._size + len(line) > self._limit:
            self._dropped += 1
            return
        self._size += len(line)
        self._lines.append(line)
        self._changed.notify_all()

    def _write_all(self) -> None:
        reported = 0
        while True:
            lines = self._next_batch()
            is_written = _write(self._descriptor, b"".join(lines))
            with self._changed:
                self._size -= sum(map(len, lines))
                self._dropped += 0 if is_written else len(lines)
                dropped = self._dropped
                self._changed.notify_all()
            if is_written and dropped > reported:
                self.on_recovery(dropped - reported)
                reported = dropped

    def _next_batch(self) -> list[bytes]:
        with self._changed:
            self._changed.wait_for(lambda: self._lines)
            batch = [self._lines.popleft()]
            size = len(batch[0])
            while self._lines and size + len(self._lines[0]) <= _BATCH_BYTES:
                size += len(self._lines[0])
                batch.append(self._lines.popleft())
            return batch


def install_buffer() -> LineBuffer:
    """Replace `sys.stderr` by a buffer: from now on no log line, warning or traceback blocks its thread."""
    stream = LineBuffer(sys.stderr.fileno(), sys.stderr.encoding)
    sys.stderr = stream
    atexit.register(stream.drain, LAST_FLUSH)  # including a crash's traceback
    return stream


def _write(descriptor: int, data: bytes) -> bool:
    """Write all of it, however long that takes; False if it can't be written (a full disk, a closed pipe)."""
    try:
        while data:
            try:
                data = data[os.write(descriptor, data) :]
            except BlockingIOError:  # another process that shares the pipe has made it non-blocking
                poll = select.poll()
                poll.register(descriptor, select.POLLOUT)
                poll.poll()
    except OSError:
        return False
    return True
