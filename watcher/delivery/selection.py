"""What a sink gets: which decisions, and which members of them."""

import json
from typing import Any, NamedTuple

from watcher.domain.model import DecisionEvent
from watcher.util.compact_json import compact_json

SCORE_MEMBERS = frozenset({"confidence", "threshold", "referenceImage", "auditImages"})
"""What AWS's developer guide says not to pass on to the person's application: the score, and what goes with it."""


class Selection(NamedTuple):
    """`only`: the outcomes that the sink gets, all if empty. `leaves_out_scores`: it gets no score and no image."""

    only: frozenset[str] = frozenset()
    leaves_out_scores: bool = False

    def wants(self, event: DecisionEvent) -> bool:
        """Whether the sink gets this decision."""
        return not self.only or json.loads(event.body)["data"]["outcome"] in self.only

    def shown(self, event: DecisionEvent) -> DecisionEvent:
        """The event as the sink gets it: the same bytes each time."""
        if not self.leaves_out_scores:
            return event
        document: dict[str, Any] = json.loads(event.body)
        data = {name: member for name, member in document["data"].items() if name not in SCORE_MEMBERS}
        return DecisionEvent(event.key, compact_json({**document, "data": data}))


EVERYTHING = Selection()
"""All decisions, with all their members."""
