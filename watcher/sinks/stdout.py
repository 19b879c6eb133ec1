"""Decisions on standard output, a line each: JSON, or for a terminal something readable."""

import os
import select
import sys
from collections.abc import Sequence
from io import FileIO
from typing import Protocol

import structlog

from watcher.domain.errors import ConfigError, SinkError, SinkGone
from watcher.domain.event_result import DELIVERED, EventResult
from watcher.domain.model import DecisionEvent
from watcher.domain.ports import Sink
from watcher.sinks.decision_line import decision_line
from watcher.sinks.journal import IDENTIFIER, JournalSink
from watcher.telemetry.journal import is_journal
from watcher.util.standard_streams import is_closed
from watcher.util.terminal import is_terminal
from watcher.util.text import escaped_json

log = structlog.get_logger(__name__)


def open_stdout(name: str) -> Sink:
    """Standard output; where that is systemd's journal, its records of decisions.

    Raises:
        ConfigError: standard output is closed.
    """
    if not is_closed(sys.stdout) and is_journal(sys.stdout, os.environ):
        try:
            return JournalSink(name)
        except SinkError as error:
            consequence = f"decisions are among the logs, without the identifier {IDENTIFIER}"
            log.warning("journal_socket_unavailable", sink=name, error=str(error), consequence=consequence)
    return StdoutSink(name)


class Unbuffered(Protocol):
    """A stream that writes at once; a thread that hangs in a buffer's lock would delay the end of the process."""

    def write(self, data: bytes, /) -> int | None:
        """Write some of it, and return how much; None: nothing can be written now."""

    def fileno(self) -> int:
        """The descriptor."""


class StdoutSink:
    """One event per line, flushed with each batch: as JSON, unless a person reads it at a terminal."""

    max_batch = 100

    def __init__(self, name: str = "stdout", stream: Unbuffered | None = None) -> None:
        """`stream`: replaces standard output.

        Raises:
            ConfigError: standard output is closed.
        """
        self.name = name
        if stream is None and is_closed(sys.stdout):
            raise ConfigError([f"sinks.{name}: standard output is closed: open it, or use another sink"])
        self._begin = b""
        self._line = decision_line if stream is None and is_terminal(sys.stdout) else _json_line
        self._stream = stream or FileIO(sys.stdout.fileno(), "wb", closefd=False)

    def emit(self, events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        """Write, for as long as the reader takes.

        Raises:
            SinkGone: the reader has closed the pipe; no later write can reach it.
            SinkError: another failure of the write, such as a full disk behind a redirect.
        """
        try:
            # After a failure part of the batch may have been written, even half a line: begin a new line.
            begin, self._begin = self._begin, b"\n"
            self._write(begin + "".join(f"{self._line(event)}\n" for event in events).encode())
            self._begin = b""
        except BrokenPipeError as error:
            raise SinkGone("stdout is closed: nothing reads the decisions any more") from error
        except (OSError, ValueError) as error:
            raise SinkError(f"stdout: {error}") from error
        return [DELIVERED] * len(events)

    def _write(self, data: bytes) -> None:
        while data:
            written = self._stream.write(data)
            if written is None:  # another process that shares the pipe has made it non-blocking
                poll = select.poll()
                poll.register(self._stream, select.POLLOUT)
                poll.poll()
            data = data[written or 0 :]

    def close(self) -> None:
        """Nothing to release: standard output is the process's."""


def _json_line(event: DecisionEvent) -> str:
    return escaped_json(event.body)
