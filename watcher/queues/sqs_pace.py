"""How long to let messages gather before the next receive."""

from watcher.ports import Clock

LONGEST = 0.5
"""Seconds: a session's first poll is hardly later for it, and most of the calls of a steady stream are saved."""


class Pace:
    """Makes full batches out of a steady stream.

    SQS answers a poll at the first message, so that messages that come one by one would cost a call each. The pause
    is as long as a batch takes to gather at the rate of the last one. There is none after a full batch, nor when next
    to nothing comes: one message must not wait for another that is not coming.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = clock.monotonic()
        self.pause = 0.0

    def note(self, count: int, limit: int) -> None:
        """A receive has brought `count` of at most `limit` messages; sets the seconds to `pause` before the next."""
        now = self._clock.monotonic()
        elapsed, self._last = now - self._last, now
        if not 0 < count < limit or count * LONGEST < elapsed:
            self.pause = 0.0
        else:
            self.pause = min(LONGEST, elapsed * limit / count)
