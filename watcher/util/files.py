"""Reading files that users name: regular files of limited size, in the encodings that editors write."""

import codecs
import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class UnreadableFile(Exception):
    """An unusable file: why, and what to do about it. The caller names the file."""

    def __init__(self, why: str, fix: str) -> None:
        super().__init__(f"{why}: {fix}")
        self.why = why
        self.fix = fix


def is_there(path: Path) -> bool:
    """Whether the file exists. One that can't be checked counts as existing: using it reports what is wrong."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True
    return True


def require_regular(path: str | Path) -> None:
    """Check that a library may read the file: reading a pipe, or some devices, never ends.

    Raises:
        OSError: it is not a regular file, or does not exist.
    """
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))


def _anything(found: os.stat_result) -> None:
    """Accepts every file."""


def read_bytes(path: Path, limit: int, judge: Callable[[os.stat_result], None] = _anything) -> bytes:
    """The whole file, at most `limit` bytes. Pipes and devices are rejected, because reading them may never end.

    `judge` is called with the fstat of the file that is then read, and raises if something is wrong.

    Raises:
        UnreadableFile: it does not exist, is not readable, is not a regular file, or is too large.
    """
    try:
        # Non-blocking: opening a pipe without a writer would hang.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UnreadableFile(_why(error), "name a file that can be read") from error
    try:
        found = os.fstat(descriptor)
        _check_kind(found)
        judge(found)
        with os.fdopen(os.dup(descriptor), "rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise UnreadableFile(_why(error), "check its disk or mount") from error
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise UnreadableFile(f"larger than {limit} bytes", "name another file")
    return content


def read_text(path: Path, limit: int, judge: Callable[[os.stat_result], None] = _anything) -> str:
    """The whole file as text, without the byte order mark that editors on Windows write.

    Raises:
        UnreadableFile: like `read_bytes`, or it is not UTF-8.
    """
    content = read_bytes(path, limit, judge)
    if content.startswith(UTF_16):
        raise UnreadableFile("UTF-16", "save it as UTF-8")
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UnreadableFile(f"line {line} is not UTF-8", "save the file as UTF-8") from error


def _check_kind(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise UnreadableFile("Is a directory", "name a file")
    is_empty = os.path.samestat(found, Path(os.devnull).stat())  # the usual way to name no file
    if not (stat.S_ISREG(found.st_mode) or is_empty):
        raise UnreadableFile("a pipe or a device, which may never end", "name a regular file")


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "a file's name can't contain NUL"
