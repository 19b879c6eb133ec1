"""DynamoDB's limits for items and calls, and how much is requested at once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """DynamoDB's limits for items and calls, and how much is requested at once."""

    item: int = 390_000
    """Maximum bytes of a new item: DynamoDB's limit of 400 KB, minus room for the marks of deliveries and the ack."""

    packed_from: int = 32_768
    """Characters from which a text is stored compressed, so that a trail has room next to an event of 256 KiB."""

    writes: int = 8
    """Concurrent writes of one batch; more would not help, because each costs botocore a millisecond of CPU."""

    connections: int = 32
    """Connections kept open: the recorder, the acker and some sinks' workers may write at the same time."""

    settling: float = 2.0
    """Seconds until an entry is old enough for `after`. The index follows the table after a moment, not always in
    order, and two watchers' clocks differ a little: without the delay, a reader could miss an entry that appears
    late."""

    attempts: int = 3
    """Tries of one call; then the caller gets the failure, and repeats the whole batch for as long as it takes."""

    keys: int = 100
    """Limit of BatchGetItem."""

    pages: int = 1000
    """Maximum pages of one query, each of up to 1 MB: the index has seven million entries in as many. A server whose
    pages never end must not keep a thread busy."""


LIMITS = Limits()
