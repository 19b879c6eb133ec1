"""What SIGHUP may change while sessions are watched, swapped as one piece."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from watcher.domain.model import DecisionRules

P = TypeVar("P")
"""The stage that polls knows what this is; the others hand it through."""


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
    """Holds the rules in force. Readers take `rules` once and so never see half of a reload."""

    def __init__(self, rules: Rules[P]) -> None:
        self.rules = rules
        self._retired: dict[str, DecisionRules] = {}

    def swap(self, rules: Rules[P]) -> None:
        """Put new rules in force, for sessions in flight too."""
        self._retired.update(self.rules.decision)
        self.rules = rules

    def decision_rules(self, policy: str) -> DecisionRules:
        """The rules of a policy; those it had last, for a session in flight whose policy a reload took away."""
        return self.rules.decision.get(policy) or self._retired[policy]
