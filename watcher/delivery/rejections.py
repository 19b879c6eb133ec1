"""Decisions that a sink refuses for good, from when their messages are given back to when they come again."""

from collections.abc import Mapping
from threading import Lock

from watcher.model import SessionKey
from watcher.ports import Clock

LASTING = 120.0
"""Seconds that a refusal is remembered. The message comes back within moments, perhaps by way of another watcher; one
that comes later than this may be a replay, after the sink was mended."""

MOST = 10_000
"""Refusals that are remembered. A message whose own is forgotten is tried again, and refused again."""


class Refusals:
    """Why messages that were given back can't be served. Threads share it.

    The message is not at hand when its decision is refused: the body of one that waits is kept nowhere. So it goes
    back, and the intake, which alone hands messages to the burials, finds here that this is what it came back for.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._noted: dict[SessionKey, tuple[float, str]] = {}

    def note(self, key: SessionKey, refused: Mapping[str, str]) -> None:
        """These sinks, by name, refuse the decision for good, and why; all the others have it."""
        why = "; ".join(f"sink {sink}: {words}" for sink, words in sorted(refused.items()))
        with self._lock:
            self._noted.pop(key, None)  # noted anew it is the youngest
            self._noted[key] = (self._clock.monotonic(), why)
            while len(self._noted) > MOST:
                del self._noted[next(iter(self._noted))]

    def take(self, key: SessionKey) -> str:
        """Why the message that has just come again is not to be served, once; empty if it is."""
        with self._lock:
            noted_at, why = self._noted.pop(key, (0.0, ""))
        return why if self._clock.monotonic() - noted_at <= LASTING else ""
