"""The system's clock."""

import time


class SystemClock:
    """Wall time for what is written down, monotonic time for waits and deadlines."""

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()
