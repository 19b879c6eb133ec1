"""What an output stream can show: whether a person reads it, in colour, and in how many columns."""

import os
import shutil
from collections.abc import Mapping
from typing import TextIO

_CODES = {"bold": "1", "red": "31", "bold red": "1;31", "green": "32", "yellow": "33", "cyan": "36"}


def is_terminal(stream: TextIO) -> bool:
    """Whether this is a terminal."""
    try:
        return stream.isatty()
    except ValueError:  # it is closed
        return False


def can_redraw(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether this is a terminal that moves the cursor and shows styles. One without a name counts as dumb."""
    return is_terminal(stream) and environ.get("TERM", "dumb") not in ("dumb", "")


def uses_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether to write colours: the one decision for every command and the log.

    NO_COLOR (no-color.org) wins over FORCE_COLOR (force-color.org), as in Python itself; without either, a terminal
    decides, if it is not a dumb one.
    """
    if environ.get("NO_COLOR"):
        return False
    return environ.get("FORCE_COLOR", "") not in ("", "0", "false") or can_redraw(stream, environ)


def columns(stream: TextIO) -> int | None:
    """The width of a terminal; None: pipes and files have none."""
    return shutil.get_terminal_size().columns if is_terminal(stream) else None


def coloured(text: str, colour: str, stream: TextIO) -> str:
    """The text in bold or in this colour, if the stream shows colours."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if uses_colour(stream, os.environ) else text
