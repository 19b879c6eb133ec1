"""The system's clocks, and which of them decides what.

The wall clock can be set at any moment, by any amount. It is for what is written down. Whatever is waited for or runs
out (a deadline, a lease, an age) is measured with the monotonic clock.
"""

import hashlib
import sys
import time as system
from functools import partial
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIME_NAMESPACE = Path("/proc/self/ns/time")


class SystemClock:
    """Wall time for what is written down, monotonic time for waits and deadlines."""

    time = staticmethod(system.time)
    """Seconds since the epoch."""

    # CLOCK_BOOTTIME goes on while the machine is suspended, as AWS's three minutes and the leases of SQS do.
    # CLOCK_MONOTONIC stands still then.
    if sys.platform == "linux":
        monotonic = staticmethod(partial(system.clock_gettime, system.CLOCK_BOOTTIME))
    else:
        monotonic = staticmethod(system.monotonic)
    """Seconds that never jump, the same for all processes of this boot. It is asked several times a poll, hence
    without a call of ours around the system's."""


def this_boot(boot_id: Path = _BOOT_ID, namespace: Path = _TIME_NAMESPACE) -> int | None:
    """A number for the run of the monotonic clock: who reads the same number reads the same clock.

    It changes with each boot, and in a container that has a clock of its own. None where the system does not tell:
    monotonic times of two processes can't be compared then.
    """
    try:
        told = f"{boot_id.read_text().strip()} {namespace.stat().st_ino}"
    except OSError:
        return None
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:6], "big")
