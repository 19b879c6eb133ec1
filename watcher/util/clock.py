"""The system's clocks, and which of them decides what.

The wall clock can be set at any moment, by any amount. It is only for timestamps. Waits and everything that expires
(a deadline, a lease, an age) use the monotonic clock.
"""

import hashlib
import sys
import time as system
from functools import partial
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIME_NAMESPACE = Path("/proc/self/ns/time")


class SystemClock:
    """Wall time for timestamps, monotonic time for waits and deadlines."""

    time = staticmethod(system.time)
    """Seconds since the epoch."""

    # CLOCK_BOOTTIME continues while the machine is suspended, like AWS's three minutes and SQS leases.
    # CLOCK_MONOTONIC stops.
    if sys.platform == "linux":
        monotonic = staticmethod(partial(system.clock_gettime, system.CLOCK_BOOTTIME))
    else:
        monotonic = staticmethod(system.monotonic)
    """Seconds that never jump, the same for all processes of this boot. Called several times per poll, so it is the
    system function itself."""


def this_boot(boot_id: Path = _BOOT_ID, namespace: Path = _TIME_NAMESPACE) -> int | None:
    """A number for the run of the monotonic clock: processes with the same number share the clock.

    It changes with each boot, and in a container with its own clock. None if the system does not provide it: then the
    monotonic times of two processes can't be compared.
    """
    try:
        told = f"{boot_id.read_text().strip()} {namespace.stat().st_ino}"
    except OSError:
        return None
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:6], "big")
