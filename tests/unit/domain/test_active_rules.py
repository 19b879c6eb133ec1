import pytest

from tests.support import ManualClock
from watcher.domain.active_rules import ActiveRules, Rules
from watcher.domain.model import DecisionRules
from watcher.polling.policy import PollPolicy
from watcher.polling.strategies import backoff

POLLING = PollPolicy(backoff(1.0, 10.0, 1.6, 0.0), ManualClock())


def rules(**thresholds: float) -> Rules[PollPolicy]:
    return Rules({name: DecisionRules(threshold) for name, threshold in thresholds.items()}, POLLING, 180.0)


def test_new_rules_are_in_force_for_sessions_in_flight_too() -> None:
    active_rules = ActiveRules(rules(default=80.0))
    active_rules.swap(rules(default=90.0))
    assert active_rules.decision_rules("default").threshold == 90.0


def test_a_policy_that_was_taken_away_keeps_its_last_rules_for_those_in_flight() -> None:
    active_rules = ActiveRules(rules(default=80.0, payout=95.0))
    active_rules.swap(rules(default=80.0, payout=97.0))
    active_rules.swap(rules(default=80.0))
    active_rules.swap(rules(default=70.0))
    assert active_rules.decision_rules("payout").threshold == 97.0
    assert "payout" not in active_rules.rules.decision


def test_a_policy_that_came_back_has_its_new_rules() -> None:
    active_rules = ActiveRules(rules(payout=95.0))
    active_rules.swap(rules())
    active_rules.swap(rules(payout=60.0))
    assert active_rules.decision_rules("payout").threshold == 60.0


def test_a_policy_that_never_was_has_no_rules() -> None:
    with pytest.raises(KeyError):
        ActiveRules(rules(default=80.0)).decision_rules("nope")
