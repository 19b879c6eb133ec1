"""What the doctor waits for, and what it finds worth a word."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What the doctor waits for, and what it finds worth a word."""

    wait: float = 10.0
    """Maximum seconds for a connect or a read here: somebody is waiting."""

    noted_skew: float = 5.0
    """Seconds between this clock and AWS's that are worth a warning."""

    fatal_skew: float = 300.0
    """Beyond these AWS refuses signatures (Signature Version 4)."""

    session_life: float = 180.0
    """Seconds for which AWS keeps a session: a message that waits longer was sent in vain."""

    latest: int = 200
    """Decisions that are looked at."""

    enough: int = 20
    """Decisions that are enough for a share, as in the alert WatcherUnknownSessions."""

    unknown_share: float = 0.1
    """Share of ids that AWS does not know which is too much, as in that alert."""


LIMITS = Limits()
