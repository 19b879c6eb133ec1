"""How many of the received session ids are unknown to AWS."""

from dataclasses import dataclass

WEIGHT = 0.05
"""Weight of the latest call in the share: five unknown ids in a row make a crowd, some thirty known ones end it."""

CROWD = 0.2
"""Share from which unknown ids count as a crowd. AWS may not know one new session for a moment, but hardly five."""


@dataclass(slots=True)
class UnknownShare:
    """The share of unknown ids among calls for sessions that AWS has not confirmed yet; recent calls weigh most."""

    share: float = 0.0

    def add(self, *, is_unknown: bool) -> None:
        """Count one such call."""
        self.share += WEIGHT * (is_unknown - self.share)

    @property
    def is_crowd(self) -> bool:
        """Whether unknown ids would take much of the rate."""
        return self.share >= CROWD
