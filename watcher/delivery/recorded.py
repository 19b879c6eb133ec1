"""What a recorded decision says about its session. The record may be damaged."""

import json
from collections.abc import Mapping
from typing import Any

from watcher.domain.model import NO_CONTEXT, LedgerEntry
from watcher.util.compact_json import compact_json
from watcher.util.rfc3339 import creation_time


def created_at(entry: LedgerEntry) -> float:
    """When the session was created, in epoch seconds; if the record does not say, when it was decided."""
    created = creation_time(_data(entry).get("createdAt"))
    return entry.recorded_at if created is None else created


def context_of(entry: LedgerEntry) -> bytes:
    """The decision's context, as compact JSON; empty if the record has no readable one."""
    context = _data(entry).get("context")
    try:
        return compact_json(context).encode() if isinstance(context, dict) else NO_CONTEXT
    except (ValueError, RecursionError):
        return NO_CONTEXT


def reason_of(entry: LedgerEntry) -> object:
    """Why the session was decided as it was; None if the record does not say."""
    return _data(entry).get("reason")


def _data(entry: LedgerEntry) -> Mapping[str, Any]:
    try:
        data = json.loads(entry.event.body)["data"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
