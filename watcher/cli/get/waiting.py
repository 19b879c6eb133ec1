"""`--wait`: polls one session to its end with the daemon's own policy."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

from watcher.cli.get.observed_session import Ask, Observed
from watcher.domain.errors import OperatorError
from watcher.domain.ports import Clock
from watcher.polling.policy import Ended, PollPolicy
from watcher.util.text import escaped

CLEAR_LINE = "\r\x1b[K"


class Progress:
    """One line on a terminal that is written over and over; nothing anywhere else."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        self._stream = stream
        self._is_shown = stream.isatty()
        self._clock = clock
        self._begun = clock.monotonic()

    def show(self, status: str, polls: int, delay: float) -> None:
        """Say how things stand, and when the next poll is (`delay` seconds from now)."""
        waited = self._clock.monotonic() - self._begun
        self._write(f"{CLEAR_LINE}{escaped(status)}; waited {waited:.0f} s, polls: {polls}, next in {delay:.1f} s")

    def clear(self) -> None:
        """Leave the line empty for what comes next."""
        self._write(CLEAR_LINE)

    def _write(self, text: str) -> None:
        if self._is_shown:
            self._stream.write(text)
            self._stream.flush()


def wait(
    observed: Observed,
    ask: Ask,
    policy: PollPolicy,
    clock: Clock,
    *,
    sleep: Callable[[float], None] = time.sleep,
    stream: TextIO | None = None,
) -> bool:
    """Poll until the session has ended or its time is up.

    A fault that only the operator can mend ends the wait too: unlike the daemon's, this one has somebody who sees it.

    Returns:
        Whether the policy called it over; False after an operator's fault.
    """
    progress = Progress(stream or sys.stderr, clock)
    try:
        while True:
            observation = observed.poll(ask)
            if isinstance(observation, OperatorError):
                return False
            step = policy.next_step(observed.watch, observation)
            if isinstance(step, Ended):
                return True
            progress.show(observed.status, observed.watch.polls, step.delay)
            sleep(step.delay)
    finally:
        progress.clear()
