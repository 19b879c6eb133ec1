"""Two texts in as few bytes as what they say takes, for the many sessions that wait and that nobody looks at."""

from binascii import Error, a2b_base64, b2a_base64
from uuid import UUID

_UUID_BYTES = 16
_BETWEEN = "\0"
"""Parts the two where they stay text; no id of a message has it."""


def packed(message_id: str, receipt: str) -> str | bytes:
    """A message id and a receipt handle as one; of SQS's, a UUID and base64, the bytes that they stand for.

    Only what `unpacked` gives back character by character becomes bytes: both belong to the service that wrote them.
    """
    try:
        raw = UUID(message_id).bytes + a2b_base64(receipt)
    except (Error, ValueError):
        return message_id + _BETWEEN + receipt
    return raw if unpacked(raw) == (message_id, receipt) else message_id + _BETWEEN + receipt


def unpacked(kept: str | bytes) -> tuple[str, str]:
    """The message id and the receipt handle that `packed` was given."""
    if isinstance(kept, str):
        message_id, _, receipt = kept.partition(_BETWEEN)
        return message_id, receipt
    return str(UUID(bytes=kept[:_UUID_BYTES])), b2a_base64(kept[_UUID_BYTES:], newline=False).decode()
