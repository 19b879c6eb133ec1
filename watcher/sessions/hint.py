"""What a session knows of the hints that its person has finished."""

from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Hint:
    """The hints of one session.

    `at` (monotonic) is when the latest came, `used` how many moved a poll. `polls` counts the answers since the first
    that it was on its way.
    """

    at: float
    used: int = 1
    polls: int = 0

    def repeat(self, at: float) -> None:
        """Another hint moves a poll."""
        self.at, self.used = at, self.used + 1
