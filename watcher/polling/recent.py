"""The latest session ids of some kind, and what is known about each."""

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Maps the latest session ids to values; the oldest beyond `limit` are forgotten. Thread-safe."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: OrderedDict[str, T] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._known

    def get(self, session_id: str) -> T | None:
        """The value of this id, None for an unknown one."""
        return self._known.get(session_id)

    def __len__(self) -> int:
        return len(self._known)

    def put(self, session_id: str, value: T) -> None:
        """Add this id as the latest."""
        with self._lock:
            self._known[session_id] = value
            self._known.move_to_end(session_id)
            if len(self._known) > self._limit:
                self._known.popitem(last=False)

    def swap(self, session_id: str, value: T) -> T | None:
        """Replace the value of a known id; returns the one before, None for an unknown id."""
        with self._lock:
            before = self._known.get(session_id)
            if session_id in self._known:
                self._known[session_id] = value
            return before
