"""What the models know about a key: its type, the other keys in its section, and how to parse its value from text."""

import json
import re
from inspect import isclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from watcher.config.redaction import toml
from watcher.config.settings import Settings
from watcher.util.urls import HIDDEN

Path = tuple[str | int, ...]

_LONGEST_NAME = 64
"""Maximum characters of a policy's name; every other name is shorter."""
_OF_SECRETS = re.compile(r"[/@=+]|whsec_")
"""Characters that no name has, but URLs, passwords and keys given in place of one do."""

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


def dotted(path: Path) -> str:
    """A path as users write it: `polling.min_interval`, `sinks[0].path`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{_readable(part)}" for part in path)
    return "".join(parts).removeprefix(".")


def shown_key(path: Path) -> str:
    """Like `dotted`, for a path that may not be a key at all: hidden if even its section is unknown."""
    return dotted(path) if path[0] in Settings.model_fields else HIDDEN


def type_at(path: Path) -> Any:
    """The annotation of a setting; None if it does not exist."""
    current: Any = Settings
    for part in path:
        if _is_group(current):
            field = current.model_fields.get(part)
            current = field.annotation if field else None
        else:
            current = get_args(current)[1] if get_origin(current) is dict else None
    return current


def all_keys() -> list[str]:
    """Every setting with a fixed name, dotted: `aws.region`, `decision.policies`, `sinks`."""
    return [key for name in Settings.model_fields for key in _keys_below((name,))]


def keys_at(path: Path) -> list[str]:
    """The names allowed in a section; none if it is not a section, or allows any name."""
    current = type_at(path)
    return list(current.model_fields) if _is_group(current) else []


def coerce(text: str, annotation: Any) -> object:
    """Text from the environment or the command line as a value of the setting's type.

    Raises:
        ValueError: it is not valid; the text says why.
    """
    kind = _bare(annotation)
    if get_origin(kind) is Literal:
        return next((choice for choice in get_args(kind) if choice.lower() == text.strip().lower()), text)
    if kind is bool:
        return _boolean(text)
    if kind in (int, float):
        return _number(text, kind)
    if kind is str:
        return text
    if _is_group(kind):
        raise ValueError("is a section: set one of its keys")
    return _json(text)


def is_plain(annotation: Any) -> bool:
    """Whether a setting is a single plain value, not a section, table or list."""
    return not _is_group(annotation) and get_origin(annotation) not in (list, dict)


def _readable(name: str) -> str:
    if len(name) > _LONGEST_NAME or _OF_SECRETS.search(name):
        return HIDDEN
    return name if name and name.isprintable() and " " not in name else toml(name)


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError("is neither true nor false: give one of them")
    return word in _TRUE


def _number(text: str, kind: type[int] | type[float]) -> float:
    try:
        return kind(text)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise ValueError(f"is not {what}: give one") from None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON ({error}): give a JSON text") from None


def _keys_below(path: tuple[str, ...]) -> list[str]:
    names = keys_at(path)
    return [key for name in names for key in _keys_below((*path, name))] if names else [".".join(path)]


def _bare(annotation: Any) -> Any:
    """A type without the None that it may be instead, and without bounds."""
    if get_origin(annotation) in (Union, UnionType):
        return _bare(next(kind for kind in get_args(annotation) if kind is not type(None)))
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _is_group(kind: Any) -> bool:
    return isclass(kind) and issubclass(kind, BaseModel)
