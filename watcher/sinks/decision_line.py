"""A decision as one line for a person at a terminal."""

import json
import sys
from typing import Any

from watcher.domain.model import DEFAULT_POLICY, DecisionEvent, Outcome, Reason
from watcher.util.terminal import coloured
from watcher.util.text import escaped, escaped_json, rounded_down

_COLOURS: dict[str, str] = {Outcome.LIVE: "green", Outcome.NOT_LIVE: "red", Outcome.INCONCLUSIVE: "yellow"}
_WIDTH = max(map(len, Outcome))
_SIGNS: dict[str, str] = {Reason.CONFIDENCE_MET: ">=", Reason.CONFIDENCE_BELOW_THRESHOLD: "<"}


def decision_line(event: DecisionEvent) -> str:
    """Outcome, session, why, and the policy unless it is the default one: within 80 columns.

    An event that a newer watcher recorded, or that is damaged, stays as it is.
    """
    try:
        data = json.loads(event.body)["data"]
        label = coloured(data["outcome"], _COLOURS[data["outcome"]], sys.stdout)
        space = " " * (_WIDTH - len(data["outcome"]))
        why = _why(data)
    except (ValueError, KeyError, TypeError):
        return escaped_json(event.body)
    policy = "" if event.key.policy == DEFAULT_POLICY else f" ({event.key.policy})"
    return f"{label}{space} {escaped(f'{event.key.session_id} {why}{policy}')}"


def _why(data: dict[str, Any]) -> str:
    """The comparison that decided it; the reason if there was none, or if the sink gets no score."""
    sign = _SIGNS.get(data["reason"]) if "confidence" in data else None
    return f"{rounded_down(data['confidence']):.2f} {sign} {data['threshold']:g}" if sign else str(data["reason"])
