"""A session's trail, as the ledger keeps it."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watcher.domain.model import LedgerEntry


def trail_of(entry: "LedgerEntry") -> list[dict[str, Any]]:
    """Its steps, in order; none if it is damaged."""
    try:
        trail = json.loads(entry.trail)
    except (ValueError, RecursionError):
        return []
    return [step for step in trail if isinstance(step, dict)] if isinstance(trail, list) else []
