"""What SIGHUP may change while sessions are watched, swapped as one piece."""

from collections.abc import Mapping
from dataclasses import dataclass

from watcher.domain.model import DecisionRules
from watcher.polling.policy import PollPolicy


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force: decision rules by policy name, the poll policy, and a session's time-out in seconds.

    `require_policy`: whether a message has to name its policy.
    """

    decision: Mapping[str, DecisionRules]
    polling: PollPolicy
    session_timeout: float
    require_policy: bool = False


class Runtime:
    """Holds the rules in force. Readers take `rules` once and so never see half of a reload."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._retired: dict[str, DecisionRules] = {}

    def swap(self, rules: Rules) -> None:
        """Put new rules in force, for sessions in flight too."""
        self._retired.update(self.rules.decision)
        self.rules = rules

    def decision_rules(self, policy: str) -> DecisionRules:
        """The rules of a policy; those it had last, for a session in flight whose policy a reload took away."""
        return self.rules.decision.get(policy) or self._retired[policy]
