"""URLs, whatever they lead to: whether they can be called, and how they are shown."""

import re
from urllib.parse import urlsplit

HIDDEN = "***"
"""Stands for what is not shown."""

_FILES = ("sqlite", "dynamodb")
"""Schemes of our own, whose URLs have no place for a secret."""

_AUTHORITY_END = re.compile(r"[/\\?#]")
_PATH_END = re.compile(r"[?#]")


def is_http_url(url: str) -> bool:
    """Whether this is an http or https URL with a host, and a port that can be one."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def without_secrets(url: str, *, mark: str = "", hides_path: bool = False) -> str:
    """A URL without user and password, query and fragment, whatever their length; `mark` stands in the place of each.

    `hides_path`: without the path, too, which of many a webhook is its password. What is not a URL stays as it is,
    if no part of it can be meant as a password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return HIDDEN if hides_path or "@" in url else url
    if scheme.lower() in _FILES:
        return url
    authority = _AUTHORITY_END.split(rest, maxsplit=1)[0]
    tail = rest[len(authority) :]
    if "@" in tail and "@" not in authority:  # perhaps a password with a slash
        return f"{scheme.lower()}{separator}{HIDDEN}"
    _, at, host = authority.rpartition("@")
    path = _PATH_END.split(tail, maxsplit=1)[0]
    before = f"{mark}@" if mark and at else ""
    after = f"{tail[len(path)]}{mark}" if mark and len(path) < len(tail) else ""
    return f"{scheme.lower()}{separator}{before}{host}{_hidden(path, mark) if hides_path else path}{after}"


def _hidden(path: str, mark: str) -> str:
    return path if len(path) <= 1 else f"/{mark}" if mark else ""
