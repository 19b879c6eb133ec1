"""The form of a Standard Webhooks 1.0 secret ("Signature scheme"), and how to generate one."""

from base64 import b64encode
from secrets import token_bytes

PREFIX = "whsec_"
KEY_BYTES = range(24, 64 + 1)
"""How long a key may be."""


def new_secret(size: int = 32) -> str:
    """A secret with a random key of `size` bytes; HMAC-SHA256 benefits from up to 32 (RFC 2104, 3)."""
    return PREFIX + b64encode(token_bytes(size)).decode()
