"""Logs: structlog through the standard library's handlers, JSON or console, to stderr, which may be the journal."""

import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import Processor

from watcher.journal import JournalFormatter, is_journal

LOGGER = "watcher"


def configure(level: str, log_format: str) -> None:
    """Set up logging for the process; `log_format` auto means console on a terminal, else JSON."""
    as_console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        _without_bytes,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = ProcessorFormatter(foreign_pre_chain=shared, processors=_renderers(as_console=as_console))
    handler.setFormatter(JournalFormatter(formatter) if is_journal(sys.stderr, os.environ) else formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for library in ("boto3", "botocore", "urllib3"):
        logging.getLogger(library).setLevel(logging.WARNING)
    set_level(level)


def set_level(level: str) -> None:
    """Change the watcher's own level. Libraries stay at warnings: botocore's debug would print whole answers."""
    logging.getLogger(LOGGER).setLevel(level.upper())


def _renderers(*, as_console: bool) -> list[Processor]:
    if as_console:
        return [
            ProcessorFormatter.remove_processors_meta,
            # The default shows the local variables of every frame: answers with images, credentials.
            structlog.dev.ConsoleRenderer(
                sort_keys=False, colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    return [
        ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _in_reading_order,
        structlog.processors.JSONRenderer(),
    ]


def _in_reading_order(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    first = ("timestamp", "level", "event")
    return {key: event[key] for key in first if key in event} | {k: v for k, v in event.items() if k not in first}


def _without_bytes(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """No image can slip into a log line, whoever passes one."""
    for key, value in event.items():
        if not isinstance(value, (str, int, float)):  # the usual case, left as it is
            event[key] = _stripped(value)
    return event


def _stripped(value: Any) -> Any:
    match value:
        case bytes() | bytearray() | memoryview():
            return f"<{len(value)} bytes>"
        case dict():
            return {key: _stripped(inner) for key, inner in value.items()}
        case list() | set() | frozenset():
            return [_stripped(inner) for inner in value]
        case tuple():
            # exc_info comes as a tuple, and has to stay one.
            return tuple(map(_stripped, value))
        case _:
            return value
