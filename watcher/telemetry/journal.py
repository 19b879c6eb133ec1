"""Logs that systemd's journal reads: sd-daemon(3)'s `<N>` before each line, so that levels become priorities."""

import logging
import os
import sys
from collections.abc import Mapping
from typing import TextIO

_PRIORITIES = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
)
_DEBUG = 7


def is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether `stream` goes to the journal: systemd names that socket in $JOURNAL_STREAM.

    The variable alone is not enough: processes that redirect the stream inherit it.
    """
    device, _, inode = environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # it has no file, or a closed one
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))


class JournalFormatter(logging.Formatter):
    """Puts the priority before each line of another formatter's output, because each is a separate record."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """The record's lines, each with the priority of its level."""
        return with_priority(self._inner.format(record), record.levelno)


def marked(text: str, level: int = logging.ERROR) -> str:
    """A text for standard error that is not a log record: with the priority if that is the journal."""
    return with_priority(text, level) if is_journal(sys.stderr, os.environ) else text


def priority(level: int) -> int:
    """The priority of syslog for a level of Python's logging."""
    return next((number for least, number in _PRIORITIES if level >= least), _DEBUG)


def with_priority(text: str, level: int) -> str:
    """The text with a level's priority before each of its lines."""
    return "\n".join(f"<{priority(level)}>{line}" for line in text.splitlines())
