"""Values as users see them: in TOML's notation, and without secrets."""

import json
import re
from collections.abc import Mapping
from typing import Any

from watcher.util import urls
from watcher.util.secret_path import shown_path
from watcher.util.urls import HIDDEN

DEFAULT = "default"

_SECRET_KEY = re.compile(
    r"secret|token|passw|credential|signature|\bsig\b|bearer|pwd|private|(^|_)key$|auth", re.IGNORECASE
)
_SIGNING_KEY = "whsec_"
_OF_AWS = ("queue_url", "endpoint_url")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def shown(key: str, value: object) -> str:
    """A value for a user's message: in TOML's notation, with secrets hidden."""
    return toml(redacted_value(key, value))


def source_of(origin: str) -> str:
    """An origin in a sentence."""
    return "the default" if origin == DEFAULT else f"from {origin}"


def redacted_value(key: str, value: Any) -> Any:
    """The value, with `***` in place of secrets. `key` is dotted; its last part counts."""
    name = key.rpartition(".")[2]
    is_policy = key.startswith("decision.policies.") and isinstance(value, Mapping)  # its name can be anything
    if _SECRET_KEY.search(name) and not (name.endswith("_file") or is_policy or isinstance(value, bool)):
        return HIDDEN if value else value
    if isinstance(value, Mapping):
        return {
            str(inner): redacted_value(f"{key}.{inner}".removeprefix("."), below) for inner, below in value.items()
        }
    if isinstance(value, list):
        return [redacted_value(key, below) for below in value]
    return _text_without_secrets(key, name, value) if isinstance(value, str) else value


def _text_without_secrets(key: str, name: str, text: str) -> str:
    if _SIGNING_KEY in text:  # also if given in place of its file's name
        return HIDDEN
    if name.endswith("_file") and "://" not in text:
        return shown_path(text)
    if not name.endswith("url") and "://" not in text:  # a misspelled key may have a URL, too
        return text
    return urls.without_secrets(text, mark=HIDDEN, hides_path=key.startswith("sinks") and name not in _OF_AWS)


def toml(value: object) -> str:
    """A value in TOML's notation, on one line."""
    if isinstance(value, str):
        return "".join(map(_toml_character, json.dumps(value, ensure_ascii=False)))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml_key(str(key))} = {toml(below)}" for key, below in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(below) for below in value) + "]"
    return str(value)


def _toml_character(char: str) -> str:
    if char.isprintable():
        return char
    return f"\\U{ord(char):08x}" if ord(char) > 0xFFFF else f"\\u{ord(char):04x}"


def toml_key(name: str) -> str:
    """A key in TOML's notation, quoted where it has to be."""
    return name if _BARE_KEY.fullmatch(name) else toml(name)
