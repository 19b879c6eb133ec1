"""What the doctor finds: one line each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

TEXT_COLUMN = 24
"""Where the text of a line begins, behind level and subject."""

Level = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `watcher check`: the state of `subject`, and what to do about it, if anything."""

    level: Level
    subject: str
    what: str
    fix: str = ""

    @property
    def line(self) -> str:
        """In columns; foreign text can't begin another line."""
        text = f"{self.what} - fix: {self.fix}" if self.fix else self.what
        return f"{self.level:<8} {self.subject:<14} {' '.join(text.split())}"


Findings = Iterator[Finding]


def ok(subject: str, what: str) -> Finding:
    """All is well."""
    return Finding("ok", subject, what)


def warning(subject: str, what: str, fix: str = "") -> Finding:
    """It works, but perhaps not as intended; without a `fix` the text itself has it."""
    return Finding("warning", subject, what, fix)


def failed(subject: str, what: str, fix: str = "") -> Finding:
    """It can't work; without a `fix` the text itself has it."""
    return Finding("failed", subject, what, fix)
