"""Whether hints that a person has finished reach the watcher."""

from collections.abc import Sequence

from watcher.cli.check.finding import Findings, ok
from watcher.cli.trail import trail_of
from watcher.domain.model import LedgerEntry

PAGE = "deploy/README.md#hints-that-a-person-has-finished"


def hints_among(entries: Sequence[LedgerEntry]) -> Findings:
    """How many of these decisions had a hint. Never a warning: hints are optional.

    A hint that is late, unknown or invalid is counted by `watcher_hints_total` and is in no decision.
    """
    if not entries:
        yield ok("hints", "no decisions yet")
        return
    hinted = sum(any(step.get("event") == "hint" for step in trail_of(entry)) for entry in entries)
    if hinted:
        yield ok("hints", f"{hinted} of the last {len(entries)} decisions had a hint in time")
    else:
        none = f"none of the last {len(entries)} decisions had a hint in time"
        yield ok("hints", f"{none}; hints save calls and time, see {PAGE}")
