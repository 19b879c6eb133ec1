"""Faults of this machine, or of this process's limits, that any call may meet, whatever the setting or the event."""

import errno
import os
import resource
import socket
from collections.abc import Iterator

OPEN_FILES_FIX = (
    "raise the limit of open files (`ulimit -n`, LimitNOFILE= of systemd, --ulimit nofile= of a container)"
)
_MEMORY = "free some memory, or raise the limit (`ulimit -v`, MemoryMax= of systemd, a container's)"
_FIXES = {
    errno.EMFILE: OPEN_FILES_FIX,
    errno.ENFILE: "all programs together have too many files open: end some, or raise fs.file-max",
    errno.ENOBUFS: _MEMORY,
    errno.ENOMEM: _MEMORY,
}
EXHAUSTED = frozenset(_FIXES)
"""Errors of system calls that mean that this process, or the machine, has no room now, whatever was asked for."""

_NO_THREAD = "can't start new thread"
"""Python's whole text for it; it has no class of its own."""


def machine_fault(error: BaseException | None) -> str:
    """What the machine lacks, with the fix, if that is behind this error; else empty."""
    for cause in _chain(error):
        if isinstance(cause, socket.gaierror) and (hidden := out_of_files()):
            return hidden
        if isinstance(cause, OSError) and cause.errno in _FIXES:
            return f"{os.strerror(cause.errno)}: {_FIXES[cause.errno]}"
        if isinstance(cause, MemoryError):
            return f"out of memory: {_MEMORY}"
        if isinstance(cause, RuntimeError) and str(cause) == _NO_THREAD:
            return f"no thread can be started: {_MEMORY}, or the limit of tasks (`ulimit -u`, TasksMax= of systemd)"
    return ""


def out_of_files() -> str:
    """What is wrong, with the fix, if this process can open hardly any more files; else empty.

    For libraries that don't pass on the number of a system call's error.
    """
    opened: list[int] = []
    try:
        for _ in range(4):  # as many as opening a database: the three of SQLite, and the folder that it syncs
            opened.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))  # noqa: PERF401 - on a failure the rest stays
    except OSError as error:
        return machine_fault(error)
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return ""


def allow_open_files(count: int) -> int:
    """Raise this process's limit of open files to `count`, as far as it may; returns the limit in force."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        soft = count if hard == resource.RLIM_INFINITY else min(count, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return count if soft == resource.RLIM_INFINITY else soft


def open_files_limit() -> int | None:
    """How many files this process may have open; None: any number."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
