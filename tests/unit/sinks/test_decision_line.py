"""A decision for a person at a terminal."""

import json

import pytest

from tests.support import decision
from watcher.delivery.selection import Selection
from watcher.domain.decision_table import DECISIONS
from watcher.domain.model import DecisionEvent, SessionKey
from watcher.sinks.decision_line import decision_line

ID = "3f1c9a52-7a44-4d0e-9d6e-0f6a1f3b8c11"


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def event(
    outcome: str, reason: str, policy: str = "default", session_id: str = ID, confidence: float = 97.3123456789012
) -> DecisionEvent:
    data = {"outcome": outcome, "reason": reason, "confidence": confidence, "threshold": 80.0}
    return DecisionEvent(SessionKey(session_id, policy), json.dumps({"data": data}))


def test_every_decision_fits_into_80_columns() -> None:
    lines = {decision_line(event(outcome, reason)) for outcome, reason in DECISIONS}
    assert len(lines) == len(DECISIONS)
    assert max(map(len, lines)) <= 80


def test_a_comparison_says_more_than_its_reason() -> None:
    assert decision_line(event("live", "confidence_met")) == f"live         {ID} 97.31 >= 80"
    assert decision_line(event("not_live", "confidence_below_threshold")) == f"not_live     {ID} 97.31 < 80"
    assert decision_line(event("inconclusive", "timed_out", "payout")) == f"inconclusive {ID} timed_out (payout)"


def test_a_confidence_just_below_the_threshold_does_not_look_equal_to_it() -> None:
    line = decision_line(event("not_live", "confidence_below_threshold", confidence=79.99999999))
    assert line == f"not_live     {ID} 79.99 < 80"


def test_a_sink_without_scores_shows_the_reason() -> None:
    shown = Selection(leaves_out_scores=True).shown(event("not_live", "confidence_below_threshold"))
    assert decision_line(shown) == f"not_live     {ID} confidence_below_threshold"


def test_the_outcome_is_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert decision_line(event("live", "confidence_met")).startswith("\x1b[32mlive\x1b[0m ")


@pytest.mark.parametrize("body", ["{", "[]", '{"data": {}}', '{"data": {"outcome": "later", "reason": "x"}}', "1"])
def test_an_event_that_it_does_not_know_stays_as_it_is(body: str) -> None:
    assert decision_line(DecisionEvent(SessionKey(ID, "default"), body)) == body


def test_what_comes_from_elsewhere_drives_no_terminal() -> None:
    line = decision_line(event("live", "confidence_met", session_id="a\x1b[2J\nforged"))
    assert line.isprintable()
    assert decision(1).body  # the events of other tests are known ones
    assert decision_line(decision(1)).startswith("live ")
