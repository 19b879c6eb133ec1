"""Whether only root and this process's user decide what a file says.

A file that is found in the working directory, or whose folder others may write to, can be somebody else's.
"""

import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_ROOT = 0
_MOST_LINKS = 40
"""As many as Linux follows (path_resolution(7))."""


class Exposure(NamedTuple):
    """How somebody else can change what a file says: what is wrong, and the fix."""

    why: str
    fix: str


def exposure(path: Path) -> Exposure | None:
    """How others can change the file at `path`; None if they can't, or if it can't be looked at.

    A file is also changed by who owns or writes the folder of it, or of a link to it. For root every writer but root
    counts. For another user what others may write counts, unless it is the user's own
    group, and what a third user owns. What is mounted read-only, as by Kubernetes, nobody can write.
    """
    try:
        return next(_exposures(path, os.geteuid()), None)
    except (OSError, ValueError):  # whoever reads it learns why
        return None


def is_readable_by_everybody(path: Path) -> bool:
    """Whether the mode of the file, or of what it links to, lets everybody read it."""
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except (OSError, ValueError):
        return False


def _exposures(path: Path, uid: int) -> Iterator[Exposure]:
    for _ in range(_MOST_LINKS):
        found = path.lstat()
        if stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode):
            yield from _of(path, found, uid, "")
            yield from _of(path.parent, path.parent.stat(), uid, "its folder ")
        if not stat.S_ISLNK(found.st_mode):
            return
        path = path.parent / path.readlink()


def _of(path: Path, found: os.stat_result, uid: int, what: str) -> Iterator[Exposure]:
    is_link = stat.S_ISLNK(found.st_mode)
    is_read_only = bool(os.statvfs(path.parent if is_link else path).f_flag & os.ST_RDONLY)
    name = str(path.absolute())
    if found.st_uid not in (_ROOT, uid) and not (is_read_only and uid != _ROOT):
        yield Exposure(
            f"{what}{name} is owned by {_name(found.st_uid)}", f"chown {'-h ' if is_link else ''}{_name(uid)} {name}"
        )
    is_sticky = what and found.st_mode & stat.S_ISVTX
    if is_link or is_sticky or is_read_only:  # the mode of a link means nothing
        return
    if writers := _writers(found, uid):
        mode = f"mode {stat.S_IMODE(found.st_mode):04o}"
        yield Exposure(f"{what}{name} can be written by {writers} ({mode})", f"chmod go-w {name}")


def _writers(found: os.stat_result, uid: int) -> str:
    if found.st_mode & stat.S_IWOTH:
        return "everybody"
    is_own = uid != _ROOT and found.st_gid in (_ROOT, os.getegid())  # a group of one's own, as most systems give
    return "" if is_own or not found.st_mode & stat.S_IWGRP else f"its group ({found.st_gid})"


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
