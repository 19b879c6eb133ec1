"""Parts that the JSON Schemas of messages and events share."""

import re
from typing import Any

from watcher.domain.session_id import SESSION_ID
from watcher.domain.trace_context import TRACEPARENT

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def text(description: str, **rules: Any) -> Schema:
    """The schema of a string."""
    return {"type": "string", **rules, "description": description}


def session_id(description: str) -> Schema:
    """The schema of a session id."""
    return text(description, pattern=whole(SESSION_ID), maxLength=36)  # `$` also matches before a final line break


def time(description: str) -> Schema:
    """The schema of a time as RFC 3339 writes it."""
    return text(description, format="date-time")


def traceparent(description: str) -> Schema:
    """The schema of a trace's context."""
    return text(description, pattern=whole(TRACEPARENT), maxLength=55)


def nullable(schema: Schema) -> Schema:
    """The same, or null."""
    return {**schema, "type": [schema["type"], "null"]}


def members(description: str, properties: Schema, *, optional: tuple[str, ...] = ()) -> Schema:
    """The schema of an object whose members are required unless optional; it allows others."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "description": description, "required": required, "properties": properties}


def whole(pattern: re.Pattern[str]) -> str:
    """The pattern for a whole text in ECMA 262's syntax, which writes group names differently from Python."""
    return f"^{re.sub(r'[?]P<[a-z]+>', '', pattern.pattern)}$"
