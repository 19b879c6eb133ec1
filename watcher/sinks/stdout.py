"""Decisions on standard output, a line each."""

import os
import sys
from collections.abc import Sequence
from typing import BinaryIO

from watcher.errors import ConfigError, SinkError, SinkGone
from watcher.model import DecisionEvent


class StdoutSink:
    """One JSON event a line, flushed with each batch."""

    max_batch = 100

    def __init__(self, name: str = "stdout", stream: BinaryIO | None = None) -> None:
        self.name = name
        if stream is None and sys.stdout is None:
            raise ConfigError([f"sinks.{name}: standard output is closed: open it, or use another sink"])
        self._begin = b""
        self._stream = stream or sys.stdout.buffer

    def emit(self, events: Sequence[DecisionEvent]) -> None:
        """Write and flush.

        Raises:
            SinkGone: the reader has closed the pipe; no later write can reach it.
            SinkError: another failure of the write, such as a full disk behind a redirect.
        """
        try:
            # After a failure some of the batch may be out or in the buffer, down to half a line: begin a new one.
            begin, self._begin = self._begin, b"\n"
            self._stream.write(begin + b"".join(event.body.encode() + b"\n" for event in events))
            self._stream.flush()
            self._begin = b""
        except BrokenPipeError as error:
            # What is left in the buffer would fail once more at exit, with a traceback of the interpreter's.
            _redirect_to_nowhere(self._stream)
            raise SinkGone("stdout is closed: nobody reads the decisions any more") from error
        except (OSError, ValueError) as error:
            raise SinkError(f"stdout: {error}") from error

    def close(self) -> None:
        """Nothing to release: standard output is the process's."""


def _redirect_to_nowhere(stream: BinaryIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)
