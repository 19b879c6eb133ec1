"""What SIGHUP may change while sessions are watched, swapped as one piece."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from watcher.domain.model import DecisionRules

P = TypeVar("P")
"""Only the polling stage knows this type; the others pass it through."""


@dataclass(frozen=True, slots=True)
class Rules(Generic[P]):
    """The rules in force: decision rules by policy name, when to poll, and a session's time-out in seconds.

    `require_policy`: whether a message has to name its policy.
    """

    decision: Mapping[str, DecisionRules]
    polling: P
    session_timeout: float
    require_policy: bool = False


class ActiveRules(Generic[P]):
    """Holds the rules in force. Readers read `rules` once, so they never see half of a reload."""

    def __init__(self, rules: Rules[P]) -> None:
        self.rules = rules
        self._retired: dict[str, DecisionRules] = {}

    def swap(self, rules: Rules[P]) -> None:
        """Put new rules into force, also for sessions in flight."""
        self._retired.update(self.rules.decision)
        self.rules = rules

    def decision_rules(self, policy: str) -> DecisionRules:
        """The rules of a policy; its last ones, for a session in flight whose policy a reload has removed."""
        return self.rules.decision.get(policy) or self._retired[policy]
