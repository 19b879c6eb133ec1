"""Handles standard streams that are closed, or have an encoding without most characters."""

import codecs
import io
import os
import select
import sys
from contextlib import suppress
from typing import Any, TextIO

ESCAPE = "watcher.escape"
"""The error handler that writes unencodable characters as `\\uXXXX`: JSON stays valid, and other text readable."""


class ClosedStream(io.TextIOWrapper):
    """A standard stream that was closed before the start: reading it returns nothing, and writes are discarded."""

    def __init__(self, descriptor: int) -> None:
        """`descriptor` leads to /dev/null."""
        raw = io.FileIO(descriptor, "rb" if descriptor == 0 else "wb", closefd=False)
        super().__init__(io.BufferedReader(raw) if descriptor == 0 else io.BufferedWriter(raw), "utf-8")


class WaitingFile(io.FileIO):
    """Writes all of the data, even to a pipe that another process has made non-blocking.

    Whoever inherits a pipe can do that, at any time. Python would drop what does not fit, without an error.
    """

    def write(self, data: Any, /) -> int:
        """Write, for as long as the reader takes."""
        left = memoryview(data).cast("B")
        while left:
            written = super().write(left)
            if written is None:
                poll = select.poll()
                poll.register(self, select.POLLOUT)
                poll.poll()
            left = left[written or 0 :]
        return len(memoryview(data).cast("B"))


class ForgivingStream(io.TextIOWrapper):
    """Standard error: failed writes are ignored, and affect neither a command nor its exit code."""

    def write(self, text: str) -> int:
        """Write, ignoring failures."""
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, ignoring failures."""
        with suppress(OSError):
            super().flush()


def fill_closed() -> None:
    """Open /dev/null for each closed standard stream. Call it before anything opens a file.

    Otherwise the next file, such as the database, becomes standard output, and prints are written into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 - the lowest that is free: `number`
        if getattr(sys, name) is None:
            setattr(sys, name, ClosedStream(number))


def make_robust(*, escapes_output: bool = True) -> None:
    """Prevent errors from unencodable characters, and from failures of standard error.

    Without `escapes_output` such characters still raise on standard output.
    """
    codecs.register_error(ESCAPE, _escaped)
    if isinstance(sys.stdout, io.TextIOWrapper):
        if escapes_output:
            sys.stdout.reconfigure(errors=ESCAPE)
        if not is_closed(sys.stdout):
            sys.stdout = _waiting(sys.stdout)
    if isinstance(sys.stderr, io.TextIOWrapper) and not is_closed(sys.stderr):
        raw = WaitingFile(sys.stderr.fileno(), "wb", closefd=False)
        # Without a byte buffer, which would retry failed writes, and make the interpreter fail at its end.
        sys.stderr = ForgivingStream(raw, sys.stderr.encoding, ESCAPE, write_through=True)


def _waiting(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    """The same stream, over a `WaitingFile`."""
    raw = WaitingFile(stream.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        stream.encoding,
        stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def is_closed(stream: TextIO | None) -> bool:
    """Whether this standard stream was closed before the start."""
    return stream is None or isinstance(stream, ClosedStream)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = (units[at : at + 2] for at in range(0, len(units), 2))
    return "".join(f"\\u{pair.hex()}" for pair in pairs), error.end
