"""What DynamoDB takes of an item and in a call, and how much of it is asked at once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What DynamoDB takes of an item and in a call, and how much of it is asked at once."""

    item: int = 390_000
    """What an item may have when it is written: DynamoDB's limit of 400 KB, less the marks of deliveries and the
    ack."""

    packed_from: int = 32_768
    """Characters from which a text is stored compressed: a trail has room beside an event of 256 KiB then."""

    writes: int = 8
    """Writes of one batch under way at once; more would not help, for each takes botocore a millisecond of
    processor."""

    connections: int = 32
    """Kept open: the recorder, the acker and some sinks' workers may write at the same time."""

    settling: float = 2.0
    """Seconds until an entry is old enough for `after`. The index follows the table after a moment, two entries not
    always in their order, and two watchers' clocks differ a little: a reader at the very tip would go past what is
    about to appear behind it."""

    attempts: int = 3
    """Tries of one call; then the failure is the caller's, who repeats the whole batch for as long as it takes."""

    keys: int = 100
    """What BatchGetItem takes."""


LIMITS = Limits()
