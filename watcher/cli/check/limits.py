"""What the doctor waits for, and what it finds worth a word."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What the doctor waits for, and what it finds worth a word."""

    wait: float = 10.0
    """Maximum seconds for a connect or a read here, because a person is waiting."""

    noted_skew: float = 5.0
    """Seconds between this clock and AWS's from which to warn."""

    fatal_skew: float = 300.0
    """Seconds beyond which AWS rejects signatures (Signature Version 4)."""

    session_life: float = 180.0
    """Seconds for which AWS keeps a session: a message that waits longer is useless."""

    latest: int = 200
    """Decisions that are checked."""

    hinted: int = 50
    """Of these, the ones that are searched for hints: whether they arrive now."""

    enough: int = 20
    """Minimum decisions for a share, as in the alert WatcherUnknownSessions."""

    unknown_share: float = 0.1
    """Share of ids unknown to AWS that is too high, as in that alert."""


LIMITS = Limits()
