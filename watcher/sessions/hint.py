"""What a session knows of the hints that its person has finished."""

from dataclasses import dataclass

from watcher.domain.hints import HintSource


@dataclass(slots=True, eq=False)
class Hint:
    """The hints of one session.

    `at` (monotonic) is when the latest came, and `source` where from; `used` is how many moved a poll. `polls` counts
    the answers since the first of this source that it was on its way.
    """

    at: float
    source: HintSource
    used: int = 1
    polls: int = 0

    def repeat(self, at: float, source: HintSource) -> None:
        """Another hint moves a poll. One from elsewhere is believed as the first one was."""
        if source is not self.source:
            self.source, self.polls = source, 0
        self.at, self.used = at, self.used + 1
