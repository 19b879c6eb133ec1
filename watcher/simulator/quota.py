"""Calls a second that the service accepts, for each operation, changing over time."""

import math
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from watcher.simulator import wire


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota that applies from a given time.

    Attributes:
        operation: the operation that it limits.
        rate: calls a (real) second; 0 means no limit.
        burst: calls accepted at once after a pause; None is one second's worth, at least 1.
        after: seconds since the start from which it applies, until the operation's next one.
        error: the error code for a call over quota.
    """

    operation: str
    rate: float
    burst: float | None = None
    after: float = 0.0
    error: str = wire.THROUGHPUT_EXCEEDED

    def __post_init__(self) -> None:
        if not 0 <= self.rate < math.inf:
            raise ValueError(f"rate limit {self.rate}: give calls a second, 0 for no limit")


class QuotaBucket:
    """Fills at `rate` tokens a second up to `burst`; a call takes one. Not thread-safe."""

    def __init__(self, rate: float, burst: float | None, now: float) -> None:
        """A full bucket at clock time `now`."""
        self._rate = rate
        self._burst = max(1.0, rate) if burst is None else max(1.0, burst)
        self._tokens = self._burst
        self._filled_at = now

    def take(self, now: float) -> bool:
        """Take one token, if there is one at clock time `now`."""
        if self._rate <= 0:
            return True
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._filled_at) * self._rate)
        self._filled_at = max(now, self._filled_at)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class QuotaTable:
    """The quotas in force. Thread-safe."""

    def __init__(self, quotas: Iterable[Quota], started_at: float, time_scale: float = 1.0) -> None:
        """`started_at` is clock time; `after` of each quota counts from it, `time_scale` times as fast."""
        self._lock = threading.Lock()
        self._started_at = started_at
        self._time_scale = time_scale
        self._to_come: dict[str, list[Quota]] = {}
        for quota in sorted(quotas, key=lambda quota: quota.after):
            self._to_come.setdefault(quota.operation, []).append(quota)
        self._in_force: dict[str, tuple[Quota, QuotaBucket]] = {}

    def refuse(self, operation: str, now: float) -> str | None:
        """The error code for a call over quota at clock time `now`, None for an accepted one."""
        with self._lock:
            self._bring_in_force(operation, now)
            if operation not in self._in_force:
                return None
            quota, bucket = self._in_force[operation]
            return None if bucket.take(now) else quota.error

    def replace(self, quota: Quota, now: float) -> None:
        """Apply `quota` at once and drop later quotas for its operation."""
        with self._lock:
            self._to_come.pop(quota.operation, None)
            self._in_force[quota.operation] = (quota, QuotaBucket(quota.rate, quota.burst, now))

    def _bring_in_force(self, operation: str, now: float) -> None:
        waiting = self._to_come.get(operation)
        age = (now - self._started_at) * self._time_scale
        while waiting and waiting[0].after <= age:
            quota = waiting.pop(0)
            self._in_force[operation] = (quota, QuotaBucket(quota.rate, quota.burst, now))
