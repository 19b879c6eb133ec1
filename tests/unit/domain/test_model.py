"""The little that the model's data says of itself."""

from dataclasses import replace

import pytest

from tests.unit.support.builders import a_lease
from watcher.domain.creation import Creation
from watcher.domain.model import DecisionRules, ReceivedMessage, SessionKey, SessionRequest, SessionStatus

KEY = SessionKey("s-1", "payout")


@pytest.mark.parametrize(
    ("status", "is_over"),
    [("CREATED", False), ("IN_PROGRESS", False), ("SUCCEEDED", True), ("FAILED", True), ("EXPIRED", True)],
)
def test_three_of_the_five_states_are_final(status: str, *, is_over: bool) -> None:
    assert SessionStatus(status).is_terminal is is_over


def test_the_states_are_these_five() -> None:
    assert len(SessionStatus) == 5
    with pytest.raises(ValueError, match="PAUSED"):
        SessionStatus("PAUSED")


def test_an_event_has_the_id_of_its_session_and_policy() -> None:
    assert KEY.event_id == "s-1:payout"
    assert KEY._replace(policy="default").event_id != KEY.event_id


def test_two_reads_of_a_message_are_equal_whatever_the_monotonic_clock_says() -> None:
    """The clock of another process, or of another boot, counts from elsewhere."""
    message = ReceivedMessage(a_lease(1), "a", 5.0, sent_monotonic=1.0)
    assert message == replace(message, sent_monotonic=None)
    assert message != replace(message, first_sent_at=5.0)


def test_a_request_is_as_old_as_its_session() -> None:
    assert SessionRequest(KEY, Creation(7.0, is_given=True, rejected=None), b"{}").created_at == 7.0


def test_rules_that_say_nothing_ask_for_80_percent_and_an_image() -> None:
    assert DecisionRules() == DecisionRules(80.0, require_reference_image=True)
    with pytest.raises(AttributeError):
        DecisionRules().threshold = 0.0  # type: ignore[misc] # frozen
