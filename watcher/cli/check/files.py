"""Whether a file can be written, determined without creating it."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE

from watcher.cli.check.finding import Finding, failed, ok, warning
from watcher.util.file_trust import ExposedFile, refuse_exposed_written
from watcher.util.files import is_there
from watcher.util.sqlite_place import problem_as_root


def missing_file(subject: str, shown: str, path: Path) -> Finding:
    """For a file that does not exist yet: whether the watcher could create it."""
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        return failed(subject, f"{shown}: no folder {folder}", "create it, or name another place")
    if not os.access(folder, os.W_OK | os.X_OK):
        return failed(subject, f"{shown}: {folder} is not writable", "allow this user to write to it")
    return ok(subject, f"{shown}: will be created")


def missing_database(subject: str, shown: str, path: Path) -> Finding:
    """As `missing_file`; and as root, whether others could add files next to it."""
    found = missing_file(subject, shown, path)
    if found.level != "failed" and (problem := problem_as_root(path.absolute())):
        return failed(subject, problem)
    return found


def private_file(subject: str, path: Path) -> Iterator[Finding]:
    """For a database: a warning if other users can read it."""
    try:
        mode = S_IMODE(path.stat().st_mode)
    except OSError:
        return
    if mode & 0o077:
        what = f"other users may read or write {path} (mode {mode:04o}): it has sessions and decisions"
        yield warning(subject, what, f"chmod 600 {path}*")


def appended_file(subject: str, shown: str, path: Path) -> Finding:
    """For a file that the watcher appends to, and creates if it is missing."""
    found = (_existing_file if is_there(path) else missing_file)(subject, shown, path)
    if found.level == "failed":
        return found
    try:
        refuse_exposed_written(path)
    except ExposedFile as error:
        return failed(subject, f"{shown}: {error}")
    return found


def _existing_file(subject: str, shown: str, path: Path) -> Finding:
    if path.is_dir():
        return failed(subject, f"{shown} is a folder", "name a file")
    if path.is_fifo():
        return failed(subject, f"{shown} is a pipe, which loses data without a reader", "name a file")
    if not os.access(path, os.W_OK):
        return failed(subject, f"{shown} can't be written", "allow this user to write it")
    return ok(subject, f"{shown}: writable")
