"""What a session knows of the hints that its person has finished."""

from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Hint:
    """The hints of one session.

    `at` (monotonic) is when the latest came, `used` how many moved a poll. `polls` counts the answers since then that
    it was on its way.
    """

    at: float
    used: int = 1
    polls: int = 0

    def repeat(self, at: float) -> None:
        """Another hint moves a poll. The more there were, the fewer polls follow it."""
        self.at, self.polls, self.used = at, self.used, self.used + 1
