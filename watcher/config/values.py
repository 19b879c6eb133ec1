"""Values as users see them: in TOML's notation, and without the secrets that some of them carry."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

HIDDEN = "***"
DEFAULT = "default"

_SECRET_KEY = re.compile(r"secret|token|passw|credential|signature|\bsig\b|api_?key|access_?key|auth", re.IGNORECASE)
_NO_SECRET = frozenset({"secret_file"})
_RANDOM = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9_~+/=-]{20,}")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def shown(key: str, value: object) -> str:
    """A value for a line to the user: TOML's notation, secrets hidden."""
    return toml(without_secrets(key, value))


def source_of(origin: str) -> str:
    """An origin in a sentence."""
    return "the default" if origin == DEFAULT else f"from {origin}"


def without_secrets(key: str, value: Any) -> Any:
    """The value, or the same with `***` for what should not be seen. `key` is dotted; its last part counts."""
    name = key.rpartition(".")[2]
    if isinstance(value, Mapping):
        return {
            str(inner): without_secrets(f"{key}.{inner}".removeprefix("."), below) for inner, below in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(key, below) for below in value]
    if not isinstance(value, str) or not value:
        return value
    if _SECRET_KEY.search(name) and name not in _NO_SECRET:
        return HIDDEN
    is_webhook = name == "url" and key.startswith("sinks")
    return _hide_in_url(value, whole_path=is_webhook) if "://" in value else value


def toml(value: object) -> str:
    """A value in TOML's notation, on one line."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml_key(str(key))} = {toml(below)}" for key, below in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(below) for below in value) + "]"
    return str(value)


def toml_key(name: str) -> str:
    """A key in TOML's notation, quoted where it has to be."""
    return name if _BARE_KEY.fullmatch(name) else toml(name)


def _hide_in_url(url: str, *, whole_path: bool) -> str:
    """Hide user and password, query values, and (of a webhook) parts of the path that look like a token."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    at = parts.netloc.rpartition("@")
    host = f"{HIDDEN}@{at[2]}" if at[1] else parts.netloc
    path = parts.path
    if whole_path:
        path = "/".join(HIDDEN if _RANDOM.fullmatch(part) else part for part in path.split("/"))
    query = _hide_in_query(parts.query)
    if (host, path, query) == (parts.netloc, parts.path, parts.query):
        return url
    return SplitResult(parts.scheme, host, path, query, parts.fragment).geturl()


def _hide_in_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(_is_secret(name, value) for name, value in pairs):
        return query
    return "&".join(f"{name}={HIDDEN}" if _is_secret(name, value) else f"{name}={value}" for name, value in pairs)


def _is_secret(name: str, value: str) -> bool:
    return bool(_SECRET_KEY.search(name) or name == "key" or _RANDOM.fullmatch(value))
