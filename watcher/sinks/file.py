"""Decisions in a file, a line each."""

import errno
import fcntl
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from watcher.domain.errors import ConfigError, SinkError
from watcher.domain.event_result import DELIVERED, EventResult
from watcher.domain.model import DecisionEvent
from watcher.util.file_trust import ExposedFile, refuse_exposed_written

_FULL = (errno.ENOSPC, errno.EDQUOT)

PIPE = "a pipe loses data without a reader"


class FileSink:
    """Appends one JSON event per line and syncs each batch to the disk, so that acked decisions stay written.

    The file is opened by name for each batch: after a rotation (logrotate's rename) a new one is created.
    """

    max_batch = 100

    def __init__(self, name: str, path: str | Path) -> None:
        """Open the file once, so that a bad path is noticed at the start.

        Raises:
            ConfigError: it can't be opened for appending, or others can change it and root runs this.
            SinkError: the disk is full.
        """
        self.name = name
        self._path = Path(path)
        try:
            if self._path.is_fifo():
                fix = "name a file, or use the stdout sink"
                raise ConfigError([f"sinks.{name}: path = {str(path)!r}: {PIPE}: {fix}"])
            os.close(self._open())
        except ExposedFile as error:
            raise ConfigError([f"sinks.{name}: path = {str(path)!r}: {error}"]) from None
        except OSError as error:
            problem = f"sinks.{name}: path = {str(path)!r}: {error.strerror}"
            if error.errno in _FULL:
                raise SinkError(f"{problem}: free some space there") from error
            raise ConfigError([f"{problem}: name a file that this user may write"]) from error

    def emit(self, events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        """Append all of the events, or none.

        Raises:
            SinkError: the file can't be opened, written or synced; or root runs this, and others can now change it.
        """
        lines = b"".join(event.body.encode() + b"\n" for event in events)
        try:
            descriptor = self._open()
            try:
                _append(descriptor, lines)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise SinkError(f"{self._path}: {error.strerror or error}") from error
        except ExposedFile as error:
            raise SinkError(f"{self._path}: {error}") from None
        return [DELIVERED] * len(events)

    def _open(self) -> int:
        refuse_exposed_written(self._path)
        # 0640: decisions name sessions and carry the producer's context, which not everyone on the machine may read.
        return os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def close(self) -> None:
        """Nothing is kept open."""


def _append(descriptor: int, lines: bytes) -> None:
    # Locked, so that two watchers on one file neither mix their batches nor truncate each other's lines.
    with suppress(OSError):  # a device can't be locked
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    found = os.fstat(descriptor)
    if stat.S_ISFIFO(found.st_mode):
        raise OSError(errno.EINVAL, PIPE)
    end = found.st_size
    if end and os.pread(descriptor, 1, end - 1) != b"\n":
        lines = b"\n" + lines  # a crash cut the last line short; the event is written again, on a new line
    if os.write(descriptor, lines) < len(lines):
        os.ftruncate(descriptor, end)
        raise OSError(errno.ENOSPC, "no space left for the whole batch")
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a device has nothing to sync
            raise
    if not os.fstat(descriptor).st_nlink:
        raise OSError(errno.ENOENT, "deleted while it was being written")
