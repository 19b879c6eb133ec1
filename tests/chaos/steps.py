"""Steps of the wall clock for real processes: Debian's package `faketime` (libfaketime), told by a file."""

from pathlib import Path

LIBRARIES = tuple(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


class ClockSteps:
    """The wall clock that watchers and producers see once `use` was called; `offset` seconds ahead."""

    def __init__(self, path: Path) -> None:
        self.offset = 0.0
        self._path = path
        self._is_used = False

    def use(self) -> None:
        """Let the processes that start from now on see this clock."""
        assert LIBRARIES, "no libfaketime: apt-get install faketime"
        self._is_used = True
        self.step(0.0)

    def step(self, seconds: float) -> None:
        """Set the clock forward (or back), for all at once."""
        self.offset += seconds
        fresh = self._path.with_suffix(".new")
        fresh.write_text(f"{self.offset:+.0f}\n")
        fresh.replace(self._path)

    def environment(self) -> dict[str, str]:
        """What makes a process see it. The monotonic clock and the times of files stay the machine's."""
        if not self._is_used:
            return {}
        return {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
