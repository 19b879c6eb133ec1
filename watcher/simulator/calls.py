"""A record of the received calls: the latest individually, all of them as counts."""

import threading
from collections import Counter, deque
from dataclasses import dataclass

from watcher.simulator.limits import LIMITS


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call.

    Attributes:
        at: time of the simulator's clock (monotonic seconds unless one was injected).
        operation: its name, "" if unknown.
        session_id: from the request or, for a creation, from the answer; "" if there is none.
        result: the session's status, "OK" for a creation, an error code, or the wire fault's kind.
        http: status of the answer; 0 if none was sent.
        faults: kinds of the faults that affected it.
    """

    at: float
    operation: str
    session_id: str
    result: str
    http: int
    faults: tuple[str, ...] = ()


class CallLog:
    """Thread-safe; remembers at most `size` calls."""

    def __init__(self, size: int = LIMITS.calls) -> None:
        """Empty."""
        self._lock = threading.Lock()
        self._calls: deque[CallRecord] = deque(maxlen=size)
        self._counts: dict[str, Counter[str]] = {}
        self._numbers: Counter[str] = Counter()

    def number(self, operation: str) -> int:
        """Count a received call of `operation`, and return its number, from 1."""
        with self._lock:
            self._numbers[operation] += 1
            return self._numbers[operation]

    def add(self, call: CallRecord) -> None:
        """Record an answered call."""
        with self._lock:
            self._calls.append(call)
            self._counts.setdefault(call.operation or "unknown", Counter())[call.result] += 1

    def records(self) -> list[CallRecord]:
        """The calls remembered, oldest first."""
        with self._lock:
            return list(self._calls)

    def counts(self) -> dict[str, dict[str, int]]:
        """Calls since the start, by operation and result."""
        with self._lock:
            return {operation: dict(results) for operation, results in self._counts.items()}
