"""How often a command that waits reads and searches, and how long it waits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constants:
    """How often a command that waits reads and searches, and how long it waits."""

    margin: float = 20.0
    """Seconds that the default time-out adds to a session's lifetime: for the queue, the last poll and the ledger."""

    backoff: float = 1.25
    """Factor from one wait between two reads to the next."""

    rest: float = 4.0
    """A wait is this many times as long as the read before it, so that many sessions don't keep the ledger busy."""

    search_interval: float = 5.0
    """Seconds between two searches of the queue: they only find out that there is nothing left to wait for."""

    searched_at_once: int = 20
    """Sessions that are searched for at once: each search reads the whole queue."""

    policies: int = 100
    """Decisions of one session that are read to name their policies: more than anyone has."""

    connect_timeout: float = 0.5
    """Seconds to find out whether the port of a watcher on this machine is closed."""


CONSTANTS = Constants()
