"""Whether only root and this process's user control the contents of a file.

A file found in the working directory, or below a folder that others can write to, may belong to someone else.
"""

import errno
import grp
import os
import pwd
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_ROOT = 0
_MOST_LINKS = 40
"""As many as Linux follows (path_resolution(7))."""


class Exposure(NamedTuple):
    """How someone else can change a file: what is wrong, and the fix."""

    why: str
    fix: str


class ExposedFile(Exception):
    """A file that others can change, where root would use it."""

    def __init__(self, exposure: Exposure) -> None:
        super().__init__(f"{exposure.why}, and root runs this: {exposure.fix}")
        self.exposure = exposure


def exposure(path: Path) -> Exposure | None:
    """How others can change the file at `path`; None if they can't, or if it can't be checked.

    Whoever owns or can write a folder on the path to a file, or to a link's target, can change the file as well. For
    root, every writer but root counts. For another user, a path counts if others can write it, unless only the user's
    own group can, or if a third user owns it. No one can write a read-only mount, as in Kubernetes.
    """
    try:
        return find_exposure(path)
    except (OSError, ValueError):  # reading it reports why
        return None


def find_exposure(path: Path, opened: os.stat_result | None = None, *, may_add_files: bool = True) -> Exposure | None:
    """As `exposure`. Without `may_add_files`, no one else may add files to the folder `path`: sticky is not enough.

    `opened` is the fstat of the file that was opened as `path`: a name that others can move may lead elsewhere.

    Raises:
        OSError, ValueError: it can't be checked.
    """
    found = None
    for step, found, is_end in _way_to(path):
        # In a sticky folder others can't change what names lead to; each target is checked as a separate step.
        is_kept = bool(found.st_mode & stat.S_ISVTX) and (may_add_files or not is_end)
        if problem := _of(step, found, os.geteuid(), is_kept=is_kept):
            return problem
    if opened and found and not os.path.samestat(found, opened):
        return Exposure(f"{path.absolute()} was replaced while it was read", "try again")
    return None


def find_exposure_of_written(path: Path, beside: Sequence[str] = ()) -> Exposure | None:
    """As `find_exposure`, for a file that is created if missing: no one else may add files to its folder.

    `beside`: suffixes of further files there that count as part of it.

    Raises:
        OSError, ValueError: the folder is missing, or can't be checked.
    """
    real = Path(os.path.realpath(path))
    if found := find_exposure(real.parent, may_add_files=False):
        return found
    for name in (path, *(real.parent / f"{real.name}{end}" for end in beside)):
        with suppress(FileNotFoundError):  # not created yet, or just deleted
            if found := find_exposure(name):
                return found
    return None


def refuse_exposed(path: Path, opened: os.stat_result) -> None:
    """Check the file that was opened as `path`; `opened` is its fstat.

    Raises:
        ExposedFile: root runs this, and others can change the file, or that can't be determined.
    """
    if os.geteuid() != _ROOT:
        return
    try:
        found = find_exposure(path, opened)
    except OSError as error:
        found = Exposure(f"the folders of {path} can't be checked ({error.strerror})", "name it by its full path")
    if found:
        raise ExposedFile(found)


def refuse_exposed_written(path: Path) -> None:
    """Check the file at `path` before it is opened for writing: through a link it would be created elsewhere.

    Raises:
        ExposedFile: root runs this, and others can change the file, or its name's target.
        OSError: it can't be checked.
    """
    if os.geteuid() == _ROOT and (found := find_exposure_of_written(path)):
        raise ExposedFile(found)


def is_readable_by_everybody(path: Path) -> bool:
    """Whether the mode of the file, or of its link's target, lets everyone read it."""
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except (OSError, ValueError):
        return False


def _way_to(path: Path) -> Iterator[tuple[Path, os.stat_result, bool]]:
    """Every folder and link on the path to a file, from the root, and the file itself; whether it is the file."""
    whole = path.absolute()
    at, rest, links = Path(whole.anchor), list(reversed(whole.parts[1:])), 0
    yield at, at.lstat(), not rest
    while rest:
        part = rest.pop()
        if part == "..":
            at = at.parent
            continue
        step = at / part
        found = step.lstat()
        yield step, found, not (rest or stat.S_ISLNK(found.st_mode))
        if not stat.S_ISLNK(found.st_mode):
            at = step
            continue
        if (links := links + 1) > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        target = step.readlink()
        at = Path(target.anchor) if target.is_absolute() else at
        rest += reversed(target.parts[1:] if target.is_absolute() else target.parts)


def _of(path: Path, found: os.stat_result, uid: int, *, is_kept: bool) -> Exposure | None:
    is_link, is_folder = stat.S_ISLNK(found.st_mode), stat.S_ISDIR(found.st_mode)
    if not (is_link or is_folder or stat.S_ISREG(found.st_mode)):
        return None
    what = f"{'its folder ' if is_folder else ''}{path}"
    if found.st_uid not in (_ROOT, uid) and not (uid != _ROOT and _is_read_only(path)):
        chown = f"chown {'-h ' if is_link else ''}{_name(uid)} {path}"
        return Exposure(f"{what} is owned by {_name(found.st_uid)}", chown)
    if is_link or (is_folder and is_kept):  # the mode of a link means nothing
        return None
    if not (writers := _writers(found, uid)) or _is_read_only(path):
        return None
    is_shared = is_folder and bool(found.st_mode & stat.S_ISVTX)  # such as /tmp, whose mode is correct
    fix = "use a folder that only its user can write" if is_shared else f"chmod go-w {path}"
    return Exposure(f"{what} can be written by {writers} (mode {stat.S_IMODE(found.st_mode):04o})", fix)


def _is_read_only(path: Path) -> bool:
    """Whether it is mounted read-only; for a link, whether its folder is."""
    return bool(os.statvfs(path.parent if path.is_symlink() else path).f_flag & os.ST_RDONLY)


def _writers(found: os.stat_result, uid: int) -> str:
    if found.st_mode & stat.S_IWOTH:
        return "everybody"
    if not found.st_mode & stat.S_IWGRP or (uid != _ROOT and _is_own_group(found.st_gid)):
        return ""
    return f"its group ({found.st_gid})"


def _is_own_group(gid: int) -> bool:
    """Whether it is the user's own group, as on most systems, or one without a name, such as a pod's fsGroup."""
    if gid in (_ROOT, os.getegid()):
        return True
    try:
        return not grp.getgrgid(gid)
    except KeyError:
        return gid in os.getgroups()


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
