"""Decides a session that is over, and passes the decision on."""

from collections.abc import Callable
from typing import Any

from watcher.decisions.cloud_event import decision_event
from watcher.decisions.rules import decide
from watcher.domain.active_rules import ActiveRules
from watcher.domain.decision_table import SCORED
from watcher.domain.errors import PollError
from watcher.domain.model import Decision, DecisionEvent, SessionResult
from watcher.domain.ports import Clock
from watcher.sessions.session import Session
from watcher.telemetry.metrics import Metrics


class Decider:
    """Turns the end of a session into its event, by the rules in force."""

    def __init__(
        self,
        *,
        active_rules: ActiveRules[Any],
        clock: Clock,
        metrics: Metrics,
        source: str,
        decided: Callable[[Session, Decision, DecisionEvent], None],
    ) -> None:
        """`source`: the CloudEvents source, which names the region; `decided` takes over the session."""
        self._active_rules = active_rules
        self._clock = clock
        self._metrics = metrics
        self._source = source
        self._decided = decided

    def decide(self, session: Session, ending: SessionResult | PollError | None) -> None:
        """Decide a session by its last answer or fault, or by None without either."""
        rules = self._active_rules.decision_rules(session.policy)
        decision = decide(ending, rules)
        event = decision_event(session, decision, ending, rules, source=self._source, now=self._clock.time())
        if decision.reason in SCORED and isinstance(ending, SessionResult) and ending.confidence is not None:
            policy = self._metrics.policy_label(session.policy)
            for scores in (self._metrics.confidence, self._metrics.policy_confidence.labels(policy)):
                scores.observe(ending.confidence / 100)
        self._decided(session, decision, event)
