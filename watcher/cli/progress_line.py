"""How a command that waits shows on a terminal that it does."""

from typing import TextIO

from watcher.domain.ports import Clock
from watcher.util.terminal import columns
from watcher.util.text import escaped

CLEAR_LINE = "\r\x1b[K"


class ProgressLine:
    """One line on a terminal that is overwritten each time; nothing anywhere else."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        self._stream = stream
        self._is_shown = stream.isatty()
        self._clock = clock
        self._begun = clock.monotonic()
        self._is_blank = True

    def show(self, state: str, more: str) -> None:
        """Show the state, since when the command waits, and what else there is to say."""
        waited = self._clock.monotonic() - self._begun
        line = escaped(f"{state}; waited {waited:.0f} s, {more}")
        room = columns(self._stream)
        # A line that wraps can't be overwritten.
        self._is_blank = False
        self._write(CLEAR_LINE + (line if room is None or len(line) < room else f"{line[: room - 2]}…"))

    def clear(self) -> None:
        """Clear the line for what comes next."""
        if not self._is_blank:
            self._write(CLEAR_LINE)
        self._is_blank = True

    def _write(self, text: str) -> None:
        if self._is_shown:
            self._stream.write(text)
            self._stream.flush()
