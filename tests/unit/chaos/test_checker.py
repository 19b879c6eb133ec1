"""The checker of the chaos suite notices each way in which a watcher could break its word."""

import ast
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import backends, checker, fault_proxy, history, process, receiver, steps, waiting
from tests.chaos.checker import Kind, check
from tests.chaos.history import Accepted, Ending, History, Letter, Recorded, Script, Seen

SESSION, TIMEOUT, SENT = "5e55104e-0000-4000-8000-000000000001", 60.0, 1_750_000_000.0


def accepted(script: Script = Script(), policy: str = "default", **members: Any) -> Accepted:  # noqa: B008 - frozen
    threshold = 95.0 if policy == "payout" else 80.0
    return Accepted(SESSION, policy, threshold, script, 100.0, (SENT, SENT + 1), **members)


def event(
    outcome: str = "live",
    reason: str = "confidence_met",
    *,
    policy: str = "default",
    confidence: object = 99.0,
    age: float = 5.0,
    created: float = SENT,
) -> dict[str, Any]:
    data = {
        "outcome": outcome,
        "reason": reason,
        "confidence": confidence,
        "createdAt": datetime.fromtimestamp(created, UTC).isoformat(),
        "decidedAt": datetime.fromtimestamp(created + age, UTC).isoformat(),
    }
    return {"id": f"{SESSION}:{policy}", "data": data}


def seen(content: dict[str, Any], sink: str = "back-end", at: float = 200.0) -> Seen:
    return Seen(sink, json.dumps(content), content, at)


def recorded(content: dict[str, Any], *, is_acked: bool = True) -> Recorded:
    return Recorded(content["id"], json.dumps(content), content, is_acked)


def told(content: dict[str, Any], one: Accepted | None = None, **changes: Any) -> History:
    """A history in which one session was decided so, recorded, delivered and acked."""
    one = one or accepted()
    happened = History(TIMEOUT, ("back-end",), accepted={one.event_id: one})
    return replace(happened, ledger=[recorded(content)], seen=[seen(content)], **changes)


def kinds(happened: History) -> set[Kind]:
    return {violation.kind for violation in check(happened)}


@pytest.mark.parametrize(
    ("script", "outcome", "reason", "confidence"),
    [
        (Script(), "live", "confidence_met", 99.0),
        (Script(confidence=80.0), "live", "confidence_met", 80.0),
        (Script(confidence=79.9), "not_live", "confidence_below_threshold", 79.9),
        (Script(has_image=False), "inconclusive", "reference_image_missing", 99.0),
        (Script(Ending.FAILED), "inconclusive", "session_failed", None),
    ],
)
def test_what_the_script_calls_for_is_right(script: Script, outcome: str, reason: str, confidence: object) -> None:
    assert check(told(event(outcome, reason, confidence=confidence), accepted(script))) == []


def test_a_lost_session_is_noticed() -> None:
    assert kinds(History(TIMEOUT, accepted={"a": accepted()})) == {Kind.LOST}


def test_a_session_that_waits_is_not_lost_but_left_unless_the_scenario_says_that_it_may_wait() -> None:
    waiting = History(TIMEOUT, accepted={"a": accepted()}, left=[SESSION])
    assert kinds(waiting) == {Kind.LEFT}
    assert check(replace(waiting, may_wait=True)) == []


def test_what_nobody_sent_is_unexplained_on_the_queue() -> None:
    assert kinds(History(TIMEOUT, left=["somebody else's"], may_wait=True)) == {Kind.LEFT}


def test_two_outcomes_of_one_session_are_noticed_wherever_they_come_out() -> None:
    twice = told(event())
    twice.seen.append(seen(event("inconclusive", "session_expired"), "stdout"))
    assert Kind.CONTRADICTED in kinds(twice)


def test_an_event_that_differs_in_one_byte_is_a_contradiction() -> None:
    twice = told(event())
    twice.seen.append(Seen("stdout", json.dumps(event()) + " ", event()))
    assert kinds(twice) == {Kind.CONTRADICTED}


@pytest.mark.parametrize(
    ("script", "policy", "confidence"),
    [
        (Script(confidence=12.0), "default", 12.0),
        (Script(confidence=12.0), "default", 99.0),
        (Script(confidence=87.5), "payout", 87.5),
        (Script(has_image=False), "default", 99.0),
        (Script(Ending.FAILED), "default", None),
        (Script(Ending.NEVER), "default", float("nan")),
        (Script(), "default", 88.0),
    ],
)
def test_a_forged_live_is_noticed(script: Script, policy: str, confidence: object) -> None:
    forged = told(event(policy=policy, confidence=confidence), accepted(script, policy))
    assert Kind.FORGED in kinds(forged)


def test_a_decision_by_another_policy_than_the_messages_is_noticed() -> None:
    assert Kind.UNKNOWN in kinds(told(event(policy="default"), accepted(Script(confidence=87.5), "payout")))


def test_a_wrong_outcome_is_noticed() -> None:
    assert kinds(told(event("inconclusive", "malformed_result"))) == {Kind.WRONG}


def test_a_time_out_needs_a_reason_in_the_scenario() -> None:
    late = event("inconclusive", "timed_out", age=TIMEOUT)
    assert kinds(told(late)) == {Kind.WRONG}
    assert check(told(late, accepted(may_time_out=True))) == []
    assert check(told(late, accepted(Script(Ending.NEVER)))) == []


def test_an_early_time_out_is_noticed_by_the_scenarios_clock() -> None:
    early = told(event("inconclusive", "timed_out", age=TIMEOUT), accepted(Script(Ending.NEVER)))
    early.seen = [seen(early.seen[0].event, at=100.0 + TIMEOUT - 2)]
    assert kinds(early) == {Kind.EARLY}


def test_an_early_time_out_is_noticed_by_what_it_claims() -> None:
    early = told(event("inconclusive", "timed_out", age=TIMEOUT - 5), accepted(Script(Ending.NEVER)))
    assert kinds(early) == {Kind.EARLY}


def test_the_answer_to_the_poll_in_the_last_second_is_not_early() -> None:
    assert check(told(event("inconclusive", "timed_out", age=TIMEOUT - 1), accepted(Script(Ending.NEVER)))) == []


def test_a_creation_time_that_never_was_is_noticed() -> None:
    assert kinds(told(event(created=SENT - 200))) == {Kind.MISDATED}
    assert kinds(told(event(created=SENT + 200))) == {Kind.MISDATED}


def test_a_delivery_that_is_not_in_the_ledger_is_noticed() -> None:
    unrecorded = told(event())
    unrecorded.ledger = []
    assert kinds(unrecorded) == {Kind.UNRECORDED}


def test_an_ack_before_the_delivery_is_noticed() -> None:
    undelivered = told(event())
    undelivered.seen = []
    assert kinds(undelivered) == {Kind.UNDELIVERED}


def test_a_decision_that_nobody_acked_and_that_is_not_on_the_queue_either_is_noticed() -> None:
    unacked = told(event())
    unacked.ledger = [recorded(event(), is_acked=False)]
    assert kinds(unacked) == {Kind.UNACKED}


def test_dead_letters_need_a_reason_and_a_message_that_could_not_be_served() -> None:
    assert kinds(History(TIMEOUT, dead=[Letter("rubbish", " ")])) == {Kind.DEAD}
    assert check(History(TIMEOUT, dead=[Letter("rubbish", "invalid_session_id")])) == []
    good = History(TIMEOUT, accepted={"a": accepted()}, dead=[Letter(SESSION, "invalid_session_id")])
    assert kinds(good) == {Kind.DEAD}
    spoilt = accepted(may_be_dead=True)
    assert check(replace(good, accepted={"a": spoilt})) == []


def test_a_traceback_and_a_crash_are_noticed() -> None:
    assert kinds(History(TIMEOUT, strays=["Traceback"], crashes=["exit 1"])) == {Kind.STRAY, Kind.CRASHED}


@pytest.mark.parametrize("module", [backends, checker, fault_proxy, history, process, receiver, steps, waiting])
def test_what_observes_and_judges_shares_no_code_with_the_watcher(module: Any) -> None:
    tree = ast.parse(Path(module.__file__).read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name for name in names if name.split(".")[0] == "watcher"}
    ours = {name for name in names if name.startswith("tests")}
    assert ours <= {"tests.chaos.history", "tests.chaos.process", "tests.chaos.waiting", "tests.moto"}
