"""SQS message attributes. A message has at most ten, so those that don't fit are packed into one as JSON."""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

Attribute = str | bytes
"""The value of a message attribute: a text (SQS's String and Number) or bytes (Binary)."""

PACKED = "watcher.attributes"
"""The attribute that holds, as a JSON object, those that could not be written directly."""

MOST = 9
"""Maximum attributes that are written directly. SQS accepts ten (SendMessage, API reference): the tenth place is for
`PACKED`. So a message of ours with ten attributes but without it was written by something that dropped the rest."""

MEANINGFUL = ("policy", "traceparent")
"""Attributes that say how a session is decided and traced. They are written first, and never packed."""

# What SQS rejects in a body or an attribute (API reference, SendMessage): all but #x9 #xA #xD #x20-#xD7FF
# #xE000-#xFFFD #x10000-#x10FFFF.
REFUSED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def written(own: Mapping[str, str], given: Mapping[str, Attribute]) -> dict[str, dict[str, Any]]:
    """The `MessageAttributes` of a message that carries all of `own` and `given`.

    `own` are the watcher's, at most nine. Given ones are packed if there is no room for them, if they have the name
    of one of `own`, or if SQS rejects their value.
    """
    native: dict[str, Attribute] = {name: text for name, text in own.items() if text}
    packed: dict[str, Attribute] = {}
    for name in sorted(given, key=lambda name: name not in MEANINGFUL):
        fits = name not in own and len(native) < MOST and _is_storable(given[name])
        (native if fits or name in MEANINGFUL else packed)[name] = given[name]
    if packed:
        native[PACKED] = json.dumps({name: _as_json(value) for name, value in packed.items()})
    return {name: _typed(value) for name, value in native.items() if value}


def attributes_of(message: Mapping[str, Any]) -> dict[str, Attribute]:
    """The attributes of a received message, unchanged.

    Raises:
        AttributeError, TypeError: they don't have SQS's form.
    """
    found: dict[str, Attribute] = {}
    for name, typed in (message.get("MessageAttributes") or {}).items():
        value = typed.get("StringValue", typed.get("BinaryValue"))
        if value is None:
            continue
        if not isinstance(value, str | bytes):
            raise TypeError(f"an attribute of type {type(value).__name__}")
        found[name] = value
    return found


def unpacked(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    """These attributes with the packed ones restored; `PACKED` stays if it can't be read."""
    inner = _packed_in(attributes)
    if inner is None:
        return dict(attributes)
    outer = {name: value for name, value in attributes.items() if name != PACKED}
    return outer | {name: value for name, value in inner.items() if name not in MEANINGFUL}


def is_incomplete(attributes: Mapping[str, Attribute]) -> bool:
    """Whether a message that the watcher wrote has lost attributes, its policy perhaps among them."""
    if PACKED in attributes:
        return _packed_in(attributes) is None
    return len(attributes) > MOST


def storable(text: str) -> str:
    """Text without the characters that SQS rejects."""
    return REFUSED.sub("\ufffd", text)


def size_of(attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """Bytes of these `MessageAttributes` that count towards a message's limit."""
    return sum(
        len(name.encode())
        + len(typed["DataType"])
        + len(_bytes(typed.get("StringValue", typed.get("BinaryValue", ""))))
        for name, typed in attributes.items()
    )


def _packed_in(attributes: Mapping[str, Attribute]) -> dict[str, Attribute] | None:
    """The contents of `PACKED`; empty if it is missing, None if it can't be read."""
    try:
        members = json.loads(attributes.get(PACKED, "{}"))
        return {str(name): _from_json(value) for name, value in members.items()}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _typed(value: Attribute) -> dict[str, Any]:
    if isinstance(value, bytes):
        return {"DataType": "Binary", "BinaryValue": value}
    return {"DataType": "String", "StringValue": storable(value)}


def _is_storable(value: Attribute) -> bool:
    return bool(value) and (isinstance(value, bytes) or not REFUSED.search(value))


def _as_json(value: Attribute) -> str | dict[str, str]:
    return value if isinstance(value, str) else {"binary": b64encode(value).decode()}


def _from_json(value: Any) -> Attribute:
    """Raises ValueError, LookupError or TypeError for anything that `_as_json` never produces."""
    if isinstance(value, str):
        return value
    return b64decode(value["binary"], validate=True)


def _bytes(value: Attribute) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "replace")
