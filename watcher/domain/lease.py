"""The lease on one message, as small as can be: each session that waits has one."""

from math import inf

from watcher.domain.packed import packed, unpacked

_NOT = -inf
# One for all: Python makes a new `-inf` wherever it is written.


class Lease:
    """The right to work on one message until `visibility_timeout` runs out; `receipt` is the backend's own handle.

    Two are equal if they are of the same receipt and message. `renewed_at` (monotonic: when it was last taken or
    extended) and `watch` (what it is held for) belong to the books of what is in flight; `held_until` (monotonic) to
    an adapter whose backend doesn't tell whether a lease is still held.
    """

    __slots__ = ("_packed", "held_until", "receive_count", "renewed_at", "watch")

    def __init__(self, receipt: str, message_id: str, receive_count: int = 1) -> None:
        self._packed, self.receive_count = packed(message_id, receipt), receive_count
        self.renewed_at, self.held_until = 0.0, _NOT
        self.watch: object | None = None

    @property
    def receipt(self) -> str:
        """The backend's own handle."""
        return unpacked(self._packed)[1]

    @property
    def message_id(self) -> str:
        """The message, as the backend calls it."""
        return unpacked(self._packed)[0]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lease) and self._packed == other._packed

    def __hash__(self) -> int:
        return hash(self._packed)

    def __repr__(self) -> str:
        return f"Lease({self.receipt!r}, {self.message_id!r}, {self.receive_count})"
