from collections import Counter
from collections.abc import Callable

import pytest

from watcher.cli.demo.comparison import compare
from watcher.cli.demo.plan import DemoPlan, make_plan

MakeLine = Callable[..., str]


@pytest.fixture
def plan() -> DemoPlan:
    return make_plan(40, seed=1)


@pytest.fixture
def dead(plan: DemoPlan) -> Counter[str]:
    return Counter(reason.value for reason in plan.dead)


def texts(plan: DemoPlan, lines: list[str], dead: Counter[str]) -> list[str]:
    return [str(difference) for difference in compare(plan, lines, dead).differences]


def test_decisions_as_scripted_have_no_differences(plan: DemoPlan, dead: Counter[str], line_of: MakeLine) -> None:
    result = compare(plan, [line_of(session) for session in plan.sessions], dead)
    assert result.differences == ()
    assert result.expected == result.got
    assert (result.got.total(), result.polls, result.repeats) == (40, 120, 0)
    assert set(result.latencies) == {2.5}


@pytest.mark.parametrize(
    "doctored", [{"outcome": "live", "reason": "confidence_met"}, {"reason": "session_expired"}, {"outcome": "odd"}]
)
def test_a_wrong_decision_is_named(
    plan: DemoPlan, dead: Counter[str], line_of: MakeLine, doctored: dict[str, str]
) -> None:
    wrong = next(session for session in plan.sessions if session.ending.name == "failed")
    lines = [line_of(session, **(doctored if session is wrong else {})) for session in plan.sessions]
    outcome, reason = doctored.get("outcome", "inconclusive"), doctored.get("reason", "session_failed")
    assert texts(plan, lines, dead) == [
        f"{wrong.session_id} (failed): expected inconclusive / session_failed, got {outcome} / {reason}"
    ]


def test_a_session_without_a_decision_is_named(plan: DemoPlan, dead: Counter[str], line_of: MakeLine) -> None:
    first, *others = plan.sessions
    assert texts(plan, [line_of(session) for session in others], dead) == [
        f"{first.session_id} ({first.ending.name}): expected {first.expected}, got no decision"
    ]


def test_the_same_event_again_is_no_difference(plan: DemoPlan, dead: Counter[str], line_of: MakeLine) -> None:
    lines = [line_of(session) for session in plan.sessions]
    result = compare(plan, [*lines, lines[0], lines[1], lines[1]], dead)
    assert (result.differences, result.repeats, result.got.total()) == ((), 3, 40)


def test_two_different_events_for_one_session_are_a_difference_even_with_the_same_outcome(
    plan: DemoPlan, dead: Counter[str], line_of: MakeLine
) -> None:
    first = plan.sessions[0]
    lines = [line_of(session) for session in plan.sessions] + [line_of(first, polls=4)]
    (text,) = texts(plan, lines, dead)
    assert f"got 2 different events: {first.expected}, {first.expected}" in text


def test_a_decision_about_nobody_is_a_difference(plan: DemoPlan, dead: Counter[str], line_of: MakeLine) -> None:
    stranger = make_plan(1, seed=99).sessions[0]
    lines = [line_of(session) for session in (*plan.sessions, stranger)]
    assert texts(plan, lines, dead) == [
        f"{stranger.key.event_id} (no session's): expected no decision, got live / confidence_met"
    ]


@pytest.mark.parametrize("line", ["", "{", "[]", "null", '{"id": "x"}', '{"id": "x", "data": {}}'])
def test_a_line_that_is_no_decision_is_a_difference(
    plan: DemoPlan, dead: Counter[str], line_of: MakeLine, line: str
) -> None:
    (text,) = texts(plan, [*(line_of(session) for session in plan.sessions), line], dead)
    assert text.startswith("- (no session's): expected a decision event, got ")


def test_dead_letters_must_be_the_junk_and_nothing_else(plan: DemoPlan, line_of: MakeLine) -> None:
    lines = [line_of(session) for session in plan.sessions]
    dead = Counter(invalid_session_id=2, invalid_message=1)
    assert texts(plan, lines, dead) == [
        "dead letters (invalid_session_id): expected 1, got 2",
        "dead letters (unknown_policy): expected 1, got 0",
    ]
