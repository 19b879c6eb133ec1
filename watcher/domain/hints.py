"""Hints that a person has finished: where they come from, and what comes of them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum


class HintSource(StrEnum):
    """Where a hint comes from, as `watcher_hints_total{source}` counts it."""

    MESSAGE = "message"
    """`"complete": true` in a queue message."""
    S3 = "s3"
    """An S3 event notification."""
    REPLICA = "replica"
    """The hint log: another replica received it."""


class HintResult(StrEnum):
    """What came of a hint, as `watcher_hints_total{result}` counts it."""

    USED = "used"
    """It moved a poll."""
    REPEATED = "repeated"
    """The session had one less than `min_interval` ago."""
    UNKNOWN = "unknown"
    """The session is not watched here."""
    LATE = "late"
    """The session is decided."""
    INVALID = "invalid"
    """It names no session, or can't be read."""


_WATCHED = (HintResult.USED, HintResult.REPEATED)

HINTS: Mapping[HintSource, Sequence[HintResult]] = {
    HintSource.MESSAGE: (*_WATCHED, HintResult.LATE, HintResult.INVALID),
    HintSource.S3: (*_WATCHED, HintResult.UNKNOWN, HintResult.LATE, HintResult.INVALID),
    HintSource.REPLICA: _WATCHED,
}
"""What can come of a hint from each source. Whoever receives a hint counts it; another replica only what it uses."""
