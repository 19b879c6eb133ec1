"""Logs: structlog's lines, JSON or console, to stderr, which may be the journal; libraries' records look the same."""

import io
import json
import logging
import os
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import Processor

from watcher.telemetry.journal import JournalFormatter, is_journal, with_priority
from watcher.util.line_buffer import LineBuffer
from watcher.util.terminal import is_terminal, uses_colour
from watcher.util.text import bounded, escaped, escaped_lines

LOGGER = "watcher"

LONGEST = 16 * 1024
"""Maximum characters of one value: room for a traceback, and three of them fit into a journal line."""

_encode = json.JSONEncoder(default=repr).encode
_own = logging.getLogger(LOGGER)
"""Writes nothing, but has the level; see `set_level`."""
_LEVELS = {name.lower(): level for name, level in logging.getLevelNamesMapping().items()}


class Lines:
    """Structlog's output: the stream itself. With the standard library's records a line would cost twice as much.

    One call writes a whole line, so that the lines of several threads don't mix.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        """Write a line. One that can't be written (a full disk, a closed pipe) is lost without an error."""
        with suppress(OSError, ValueError, RuntimeError):  # RuntimeError: a signal handler wrote during a flush
            self._stream.write(line + "\n")
            self._stream.flush()

    debug = info = warning = error = critical = write


def configure(level: str, log_format: str) -> None:
    """Set up logging for the process; `log_format` auto means console on a terminal, else JSON."""
    as_console = log_format == "console" or (log_format == "auto" and is_terminal(sys.stderr))
    to_journal = is_journal(sys.stderr, os.environ)
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        _without_bytes,
    ]
    renderers = _renderers(as_console=as_console)
    lines = Lines(sys.stderr)
    structlog.configure(
        processors=[_if_wanted, *shared, *renderers, *([_for_journal] if to_journal else [])],
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = ProcessorFormatter(
        foreign_pre_chain=shared, processors=[ProcessorFormatter.remove_processors_meta, *renderers]
    )
    handler.setFormatter(JournalFormatter(formatter) if to_journal else formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for library in ("boto3", "botocore", "urllib3"):
        logging.getLogger(library).setLevel(logging.WARNING)
    set_level(level)


def logger() -> Any:
    """A logger outside the watcher's parts."""
    return structlog.get_logger(LOGGER)


def dropped_lines() -> int:
    """Log lines that were dropped because they were not read, or could not be written."""
    return sys.stderr.dropped if isinstance(sys.stderr, LineBuffer) else 0


def report_dropped_lines(count: int) -> None:
    """Log that this many lines were dropped, now that lines can be written again."""
    logger().warning("log_lines_dropped", lines=count, consequence="the log has a gap; decisions went on")


def set_level(level: str) -> None:
    """Change the watcher's own level. Libraries stay at warnings: botocore's debug would print whole answers."""
    _own.setLevel(level.upper())


def _renderers(*, as_console: bool) -> list[Processor]:
    if as_console:
        return [
            _on_one_line,
            # The default shows the local variables of every frame, including answers with images, and credentials.
            structlog.dev.ConsoleRenderer(
                sort_keys=False,
                colors=uses_colour(sys.stderr, os.environ),
                exception_formatter=_plain_traceback,
            ),
        ]
    return [structlog.processors.format_exc_info, _as_json]


def _on_one_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The console shows details as literals, but the event verbatim, and a library's event may contain anything."""
    event["event"] = escaped(str(event["event"]))
    return event


def _plain_traceback(stream: TextIO, exc_info: Any) -> None:
    text = io.StringIO()
    structlog.dev.plain_traceback(text, exc_info)
    stream.write(escaped_lines(text.getvalue()))


def _if_wanted(_logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if not _own.isEnabledFor(_LEVELS[method]):
        raise structlog.DropEvent
    return event


def _for_journal(_logger: Any, method: str, line: Any) -> str:
    return with_priority(line, _LEVELS[method])


def _as_json(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    """In reading order: time, level, event, then the details."""
    first = {"timestamp": event.pop("timestamp"), "level": event.pop("level"), "event": event.pop("event")}
    return _encode({**first, **event})


def _without_bytes(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keeps images and very long texts out of log lines."""
    for key, value in event.items():
        if not isinstance(value, (int, float)):
            event[key] = _stripped(value)
    return event


def _stripped(value: Any) -> Any:
    match value:
        case str():
            return bounded(value, LONGEST)
        case bytes() | bytearray() | memoryview():
            return f"<{len(value)} bytes>"
        case dict():
            return {key: _stripped(inner) for key, inner in value.items()}
        case list() | set() | frozenset():
            return [_stripped(inner) for inner in value]
        case tuple():
            # exc_info is a tuple, and has to stay one.
            return tuple(map(_stripped, value))
        case _:
            return value
