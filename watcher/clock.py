"""The system's clock."""

import time as system


class SystemClock:
    """Wall time for what is written down, monotonic time for waits and deadlines."""

    time = staticmethod(system.time)
    """Seconds since the epoch."""

    monotonic = staticmethod(system.monotonic)
    """Seconds that never jump. It is asked several times a poll, hence without a call of ours around the system's."""
