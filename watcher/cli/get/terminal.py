"""The output's target: whether it is a terminal, its width, and how to write colours to it."""

import os
import struct
import sys
from typing import Any, TextIO

FALLBACK_WIDTH = 80
RESET = "\x1b[0m"
BRIGHT_BLUE = "\x1b[1m\x1b[34m"
DIM_YELLOW = "\x1b[2m\x1b[33m"


def stdout_is_terminal() -> bool:
    """Whether the output is a terminal."""
    try:
        return os.isatty(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return False


def stdout_width() -> int:
    """The terminal's width in columns (0 if unknown), 80 for anything else."""
    try:
        from fcntl import ioctl
        from termios import TIOCGWINSZ

        size = struct.unpack("hhhh", ioctl(sys.stdout, TIOCGWINSZ, b"\0" * 8))
    except (ImportError, OSError, ValueError, TypeError):
        return FALLBACK_WIDTH
    return int(size[1])


class ResettingStream:
    """A stream that resets colours after every write, like the AWS CLI's terminal library.

    A line and its newline count as one write if they are written as one. The number of resets in the output is the
    number of writes, so the table writer's sequence of writes is part of the format.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text, then a reset."""
        written = self._stream.write(text)
        self._stream.flush()
        self._stream.write(RESET)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
