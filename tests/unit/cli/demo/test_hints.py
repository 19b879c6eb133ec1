import json
from collections import Counter
from collections.abc import Callable

import pytest

from watcher.cli.demo.comparison import compare
from watcher.cli.demo.constants import DEMO
from watcher.cli.demo.endings import ENDINGS
from watcher.cli.demo.hints import ENDED, HINTS, Hinted, hinted
from watcher.cli.demo.plan import DemoSession, make_plan
from watcher.consumer.message import parse_message
from watcher.domain.model import DEFAULT_POLICY
from watcher.simulator import SessionScript, SimulatedSession
from watcher.simulator.hint_messages import bodies
from watcher.simulator.hints import HintKind, SimulatedHint, hints_of
from watcher.simulator.sessions import CreateRequest

OFFSET = 1_700_000_000.0
END = 12.0 / DEMO.time_scale


def session(name: str, ending: str = "SUCCEEDED") -> SimulatedSession:
    script = SessionScript(ending, created_for=2.0, in_progress_for=10.0)
    return SimulatedSession(name, script, CreateRequest(), created_at=100.0)


def of_plan(planned: DemoSession) -> SimulatedSession:
    assert planned.script is not None
    bucket = "b" if planned.number % 2 else ""
    return SimulatedSession(planned.session_id, planned.script, CreateRequest(bucket=bucket), 0.0)


def test_delays_are_real_seconds_from_the_end_with_a_hint_and_without() -> None:
    sessions = [session(name) for name in ("a", "b", "c")] + [session("x", "CREATED")]
    decided_at = {"a": OFFSET + 100 + END + 0.5, "b": OFFSET + 100 + END + 0.25, "c": OFFSET + 100 + END + 2}
    found = hinted(sessions, ["a", "b"], decided_at, OFFSET)
    assert (found.ends, found.announced) == (3, 2)
    assert found.delays == pytest.approx((0.25, 0.5))
    assert found.others == pytest.approx((2.0,))


def test_a_session_that_a_fault_decides_before_its_end_has_no_delay() -> None:
    early = {"a": OFFSET + 100}
    assert hinted([session("a"), session("b")], ["a", "b"], early, OFFSET) == Hinted(ends=2, announced=2)


def test_an_end_announced_twice_counts_once() -> None:
    assert hinted([session("a")], ["a", "a"], {}, OFFSET).announced == 1


def test_the_times_of_decisions_are_found_by_session(line_of: Callable[..., str]) -> None:
    plan = make_plan(3, seed=1)
    found = compare(plan, [line_of(one) for one in plan.sessions], Counter())
    assert found.decided_at == {one.session_id: 1_767_225_602.5 for one in plan.sessions}


def test_most_ends_of_the_usual_demo_are_announced_in_both_ways_and_some_hints_are_false() -> None:
    sessions = [of_plan(one) for one in make_plan(200, seed=1).sessions if one.script is not None]
    hints = [hint for one in sessions for hint in hints_of(one, HINTS, 1, DEMO.time_scale)]
    ends = [one for one in sessions if one.script.ending in ENDED]
    announced = [hint for hint in hints if hint.is_true]
    assert 0.8 < len(announced) / len(ends) < 0.95
    assert min(Counter(hint.kind for hint in announced).values()) > 50
    assert len(hints) > len(announced)


def test_a_completion_message_is_for_the_policy_of_its_session() -> None:
    """Under another policy it would begin a second watch, and a decision that no script calls for."""
    plan = make_plan(len(ENDINGS), seed=1)
    for planned in (one for one in plan.sessions if one.script is not None):
        (body,) = bodies(SimulatedHint(1.0, of_plan(planned), HintKind.MESSAGE, True), OFFSET, 2048)
        policies = {planned.ending.policy, DEFAULT_POLICY}
        assert parse_message(body, OFFSET, policies).key == planned.key
        assert json.loads(body)["complete"] is True
