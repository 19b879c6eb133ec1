"""How long to let messages gather before the next receive."""

import math

from watcher.domain.ports import Clock

LONGEST = 0.5
"""Seconds: a session's first poll is hardly later for it, and most of the calls of a steady stream are saved."""

SHARE = 0.9
"""Of a batch that is waited for. A full one doesn't tell how much more there was, so that a steady stream should
fill it nearly and not quite."""

SHORTEST = 0.01
"""Seconds of a pause worth making."""


MEMORY = 1.0
"""Seconds after which what came counts a third of what comes now: single batches tell little of a stream's rate."""


class ReceivePacing:
    """Makes nearly full batches out of a steady stream.

    SQS answers a poll at the first message, so that messages that come one by one would cost a call each. The pause
    is as long as a batch takes to gather at the rate of the latest ones, less what the call itself takes. One full
    batch is chance, a second one and each after it halves the pause: a backlog is soon received without any. There is
    none when next to nothing comes: one message must not wait for another that is not coming.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = clock.monotonic()
        self._count = self._seconds = 0.0
        self._was_full = False
        self.pause = 0.0

    def note(self, count: int, limit: int) -> None:
        """A receive has brought `count` of at most `limit` messages; sets the seconds to `pause` before the next."""
        now = self._clock.monotonic()
        elapsed, self._last = now - self._last, now
        fading = math.exp(-elapsed / MEMORY)
        self._count, self._seconds = self._count * fading + count, self._seconds * fading + elapsed
        if count >= limit:
            pause = self.pause / 2 if self._was_full else self.pause
        elif not count or count * LONGEST < elapsed:
            pause = 0.0
        else:
            called = max(0.0, elapsed - self.pause)
            pause = min(LONGEST, self._seconds * limit * SHARE / self._count - called)
        self._was_full = count >= limit
        self.pause = pause if pause >= SHORTEST else 0.0
