"""Whether hints that a person has finished reach the watcher."""

from collections.abc import Sequence

from watcher.cli.check.finding import Findings, ok
from watcher.cli.trail import trail_of
from watcher.domain.model import LedgerEntry

PAGE = "deploy/README.md#hints-that-a-person-has-finished"


def hints_among(entries: Sequence[LedgerEntry]) -> Findings:
    """How many of these decisions a hint announced. Never a warning: hints are optional."""
    if not entries:
        return
    announced = sum(any(step.get("event") == "hint" for step in trail_of(entry)) for entry in entries)
    if announced:
        yield ok("hints", f"{announced} of the last {len(entries)} decisions were announced")
    else:
        yield ok("hints", f"none seen among the last {len(entries)} decisions; they save calls and time, see {PAGE}")
