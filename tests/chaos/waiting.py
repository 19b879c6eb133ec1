"""Waiting for what has to come. The bound is there to end a broken test, never to decide whether one passes."""

import os
import time
from collections.abc import Callable

PATIENCE = float(os.environ.get("WATCHER_TEST_CHAOS_PATIENCE", "150"))
"""Seconds: many times what anything here takes on two busy cores, and below the limit of a scenario."""


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> float:
    """Wait for it; returns how many seconds it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)
    return time.monotonic() - begun
