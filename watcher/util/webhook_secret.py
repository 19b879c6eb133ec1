"""What a secret of Standard Webhooks 1.0 looks like ("Signature scheme"), and a new one."""

from base64 import b64encode
from secrets import token_bytes

PREFIX = "whsec_"
KEY_BYTES = range(24, 64 + 1)
"""How long a key may be."""


def new_secret(size: int = 32) -> str:
    """A secret with a random key of `size` bytes; 32 are what HMAC-SHA256 has use for (RFC 2104, 3)."""
    return PREFIX + b64encode(token_bytes(size)).decode()
