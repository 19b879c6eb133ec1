"""How long to let messages accumulate before the next receive."""

import math

from watcher.domain.ports import Clock
from watcher.queues.sqs.constants import PACING


class ReceivePacing:
    """Turns a steady stream into nearly full batches.

    SQS answers a poll at the first message, so messages that arrive one by one would cost a call each. The pause is
    the time that a batch takes to fill at the recent rate, less the call itself. One full batch is chance; a second
    one and each after it halves the pause, so a backlog is soon received without pauses. There is none if hardly
    anything arrives: one message must not wait for another that may not come. A poll that was empty at once, from a
    server without long polls, is followed by one, too.
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
        fading = math.exp(-elapsed / PACING.memory)
        self._count, self._seconds = self._count * fading + count, self._seconds * fading + elapsed
        called = max(0.0, elapsed - self.pause)
        if not count:
            pause = PACING.empty - called
        elif count >= limit:
            pause = self.pause / 2 if self._was_full else self.pause
        elif count * PACING.longest < elapsed:
            pause = 0.0
        else:
            pause = min(PACING.longest, self._seconds * limit * PACING.share / self._count - called)
        self._was_full = count >= limit
        self.pause = pause if pause >= PACING.shortest else 0.0
