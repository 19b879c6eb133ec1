"""How the path of a secret's file is shown: some users give the secret itself instead."""

import binascii
from base64 import b64decode
from pathlib import Path

from watcher.util.urls import HIDDEN
from watcher.util.webhook_secret import PREFIX

_LEAST_KEY = 16
"""Bytes of base64 that count as a key: 128 bits, the shortest in use."""


def shown_path(text: str) -> str:
    """The path, or `***` if it may be the secret: no such file or folder, and without a slash, or base64."""
    if PREFIX in text:
        return HIDDEN
    if not text or _leads_somewhere(text):
        return text
    return text if "/" in text and not _is_base64(text) else HIDDEN


def _leads_somewhere(text: str) -> bool:
    """Whether the file, or one of its folders below the root, exists."""
    try:
        path = Path(text)
        return any(step.exists() for step in (path, *path.parents) if step.name)
    except (OSError, ValueError):  # ValueError: a NUL in it
        return False


def _is_base64(text: str) -> bool:
    """Whether it is base64, with or without padding, of at least a key's bytes."""
    encoded = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return len(b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)) >= _LEAST_KEY
    except (binascii.Error, ValueError):
        return False
