"""Waiting for what has to come. The bound is there to end a broken test, never to decide whether one passes."""

import os
import time
from collections.abc import Callable

PATIENCE = float(os.environ.get("WATCHER_TEST_CHAOS_PATIENCE", "150"))
"""Seconds: many times what any one thing here takes on two busy cores, and below the limit of a scenario."""


def wait_until(
    condition: Callable[[], bool], what: str, seconds: float = PATIENCE, progress: Callable[[], object] = bool
) -> float:
    """Wait for it, and begin anew whenever `progress` returns something else; returns how many seconds it took."""
    begun = moved = time.monotonic()
    reached = progress()
    while not condition():
        if (now := progress()) != reached:
            reached, moved = now, time.monotonic()
        assert time.monotonic() - moved < seconds, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)
    return time.monotonic() - begun
