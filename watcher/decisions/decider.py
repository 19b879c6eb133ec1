"""Decides a session that is over, and passes the decision on."""

from collections.abc import Callable
from typing import Any

from watcher.decisions.cloud_event import decision_event
from watcher.decisions.rules import decide
from watcher.domain.active_rules import ActiveRules
from watcher.domain.decision_table import SCORED
from watcher.domain.errors import PollError
from watcher.domain.feedback import FeedbackCode
from watcher.domain.model import Decision, DecisionEvent, Outcome, SessionResult
from watcher.domain.ports import Clock
from watcher.sessions.session import Session
from watcher.telemetry.metrics import OTHER, Metrics

FEEDBACK_CODES = frozenset(code.value for code in FeedbackCode)


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
        if isinstance(ending, SessionResult):
            self._count(session, decision, ending)
        self._decided(session, decision, event)

    def _count(self, session: Session, decision: Decision, result: SessionResult) -> None:
        metrics, policy = self._metrics, self._metrics.policy_label(session.policy)
        if decision.reason in SCORED and result.confidence is not None:
            for scores in (metrics.confidence, metrics.policy_confidence.labels(policy)):
                scores.observe(result.confidence / 100)
        for code in {item.code if item.code in FEEDBACK_CODES else OTHER for item in result.feedback}:
            metrics.feedback.labels(code, policy).inc()
        if result.sdk_type is not None:
            is_live = str(decision.outcome is Outcome.LIVE).lower()
            metrics.sdk_sessions.labels(metrics.sdk_label(result.sdk_type), is_live).inc()
