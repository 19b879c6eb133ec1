"""Whether a file can be written, found out without making it."""

import os
from pathlib import Path

from watcher.check.finding import Finding, failed, ok


def missing_file(subject: str, shown: str, path: Path) -> Finding:
    """About a file that is not there yet: whether the watcher could make it."""
    folder = path.absolute().parent
    if not folder.is_dir():
        return failed(subject, f"{shown}: there is no folder {folder}", "make it, or name another place")
    if not os.access(folder, os.W_OK | os.X_OK):
        return failed(subject, f"{shown}: {folder} can't be written in", "let this user write in it")
    return ok(subject, f"{shown}: will be created")


def existing_file(subject: str, shown: str, path: Path) -> Finding:
    """About a file that is there: whether the watcher may append to it."""
    if path.is_dir():
        return failed(subject, f"{shown} is a folder", "name a file")
    if path.is_fifo():
        return failed(subject, f"{shown} is a pipe, which loses what nobody reads", "name a file")
    if not os.access(path, os.W_OK):
        return failed(subject, f"{shown} can't be written", "let this user write it")
    return ok(subject, f"{shown}: writable")
