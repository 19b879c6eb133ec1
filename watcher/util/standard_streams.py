"""Standard streams as any other program may leave them: closed, or in an encoding that lacks most characters."""

import codecs
import io
import os
import sys
from contextlib import suppress
from typing import TextIO

ESCAPE = "watcher.escape"
"""The error handler that writes what an encoding lacks as `\\uXXXX`: JSON stays JSON, and anything else readable."""


class ClosedStream(io.TextIOWrapper):
    """A standard stream that was closed before we started: it has nothing to read, and forgets what is written."""

    def __init__(self, descriptor: int) -> None:
        """`descriptor` leads to /dev/null."""
        raw = io.FileIO(descriptor, "rb" if descriptor == 0 else "wb", closefd=False)
        super().__init__(io.BufferedReader(raw) if descriptor == 0 else io.BufferedWriter(raw), "utf-8")


class ForgivingStream(io.TextIOWrapper):
    """Standard error: what can't be written is lost, and changes neither what a command does nor its exit code."""

    def write(self, text: str) -> int:
        """Write it if that works."""
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Flush if that works."""
        with suppress(OSError):
            super().flush()


def fill_closed() -> None:
    """Open /dev/null for each standard stream that is closed. Call it before anything opens a file.

    Else the next file, the database say, becomes standard output, and what is printed is written into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 - the lowest that is free: `number`
        if getattr(sys, name) is None:
            setattr(sys, name, ClosedStream(number))


def make_robust(*, escapes_output: bool = True) -> None:
    """Let no character that can't be shown, and no failure of standard error, raise an error.

    Without `escapes_output` such a character on standard output still does.
    """
    codecs.register_error(ESCAPE, _escaped)
    if escapes_output and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=ESCAPE)
    if isinstance(sys.stderr, io.TextIOWrapper) and not is_closed(sys.stderr):
        raw = io.FileIO(sys.stderr.fileno(), "wb", closefd=False)
        # Without a buffer of bytes: what could not be written would be tried again, and fail the interpreter's end.
        sys.stderr = ForgivingStream(raw, sys.stderr.encoding, ESCAPE, write_through=True)


def is_closed(stream: TextIO | None) -> bool:
    """Whether this standard stream was closed before we started."""
    return stream is None or isinstance(stream, ClosedStream)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = (units[at : at + 2] for at in range(0, len(units), 2))
    return "".join(f"\\u{pair.hex()}" for pair in pairs), error.end
