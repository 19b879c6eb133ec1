"""The lease on one message, kept small because each waiting session has one.

Message id and receipt are not read while a session waits, so they are stored compactly.
"""

from binascii import Error, a2b_base64, b2a_base64
from math import inf
from uuid import UUID

_UUID_BYTES = 16
_BETWEEN = "\0"
"""Separates the two if they stay text; no message id contains it."""

_NOT = -inf
# One for all: Python makes a new `-inf` wherever it is written.


class Lease:
    """The right to work on one message until `visibility_timeout` runs out; `receipt` is the backend's own handle.

    Two are equal if they have the same receipt and message. `extended_at` (monotonic: when it was last taken or
    extended) and `session` (what it is held for) belong to the in-flight table; `held_until` (monotonic) to an
    adapter whose backend doesn't tell whether a lease is still held.
    """

    __slots__ = ("_packed", "extended_at", "held_until", "receive_count", "session")

    def __init__(self, receipt: str, message_id: str, receive_count: int = 1) -> None:
        self._packed, self.receive_count = _pack(message_id, receipt), receive_count
        self.extended_at, self.held_until = 0.0, _NOT
        self.session: object | None = None

    @property
    def receipt(self) -> str:
        """The backend's own handle."""
        return _unpack(self._packed)[1]

    @property
    def message_id(self) -> str:
        """The message, as the backend calls it."""
        return _unpack(self._packed)[0]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lease) and self._packed == other._packed

    def __hash__(self) -> int:
        return hash(self._packed)

    def __repr__(self) -> str:
        return f"Lease({self.receipt!r}, {self.message_id!r}, {self.receive_count})"


def _pack(message_id: str, receipt: str) -> str | bytes:
    """A message id and a receipt handle as one value; for SQS, a UUID and base64, the bytes that they encode.

    They become bytes only if `_unpack` restores every character: both belong to the service that wrote them.
    """
    try:
        raw = UUID(message_id).bytes + a2b_base64(receipt)
    except (Error, ValueError):
        return message_id + _BETWEEN + receipt
    return raw if _unpack(raw) == (message_id, receipt) else message_id + _BETWEEN + receipt


def _unpack(kept: str | bytes) -> tuple[str, str]:
    """The message id and the receipt handle that `_pack` was given."""
    if isinstance(kept, str):
        message_id, _, receipt = kept.partition(_BETWEEN)
        return message_id, receipt
    return str(UUID(bytes=kept[:_UUID_BYTES])), b2a_base64(kept[_UUID_BYTES:], newline=False).decode()
