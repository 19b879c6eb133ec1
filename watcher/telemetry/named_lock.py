"""A lock whose waiters say what they wait for, so that /livez names the thread that holds it instead."""

from threading import Lock

from watcher.telemetry.health import current


class NamedLock:
    """`threading.Lock`, also for a `Condition`. `name` is what it guards, for texts."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = Lock()
        self.release = self._lock.release

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002 - as Lock's
        """Acquire the lock; False if that was not possible in time (seconds)."""
        if self._lock.acquire(blocking=False):
            return True
        beat = current()
        if not blocking or beat is None:
            return self._lock.acquire(blocking, timeout)
        with beat.waiting_for_lock(self._name):
            return self._lock.acquire(blocking, timeout)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()
