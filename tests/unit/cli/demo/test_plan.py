import json
from collections import Counter

import pytest

from watcher.cli.demo.endings import CHALLENGE_POLICY, ENDINGS, STRICT_POLICY
from watcher.cli.demo.plan import JUNK, make_plan
from watcher.consumer.message import parse_message
from watcher.domain.errors import InvalidMessage
from watcher.domain.model import DEFAULT_POLICY

CREATED_AT = 1_750_000_000.0
ENOUGH = len(ENDINGS)


def test_the_same_seed_gives_the_same_plan() -> None:
    assert make_plan(60, seed=7) == make_plan(60, seed=7)
    assert make_plan(60, seed=7) != make_plan(60, seed=8)


@pytest.mark.parametrize("count", [1, 2, 9, ENOUGH, 200])
def test_there_are_as_many_sessions_as_asked_for(count: int) -> None:
    sessions = make_plan(count, seed=1).sessions
    assert len({session.session_id for session in sessions}) == len(sessions) == count


def test_every_ending_comes_at_least_once() -> None:
    assert {session.ending.name for session in make_plan(ENOUGH, seed=1).sessions} == {one.name for one in ENDINGS}


def test_a_single_session_is_an_ordinary_one() -> None:
    plan = make_plan(1, seed=1)
    assert [session.ending.name for session in plan.sessions] == ["live"]
    assert len(plan.steps) == 1


def test_most_sessions_are_ordinary() -> None:
    names = Counter(session.ending.name for session in make_plan(200, seed=3).sessions)
    assert names.most_common(1)[0][0] == "live"
    assert names["live"] > 70


def test_sessions_that_only_the_deadline_ends_come_early() -> None:
    sessions = make_plan(200, seed=1).sessions
    assert max(one.number for one in sessions if one.ending.to_the_deadline) < 90


def test_every_message_asks_for_the_session_under_its_policy() -> None:
    sessions = make_plan(200, seed=1).sessions
    for session in sessions:
        request = parse_message(session.message(CREATED_AT), CREATED_AT, {STRICT_POLICY, CHALLENGE_POLICY})
        assert (request.key, request.created_at) == (session.key, CREATED_AT)
    assert {session.is_bare for session in sessions} == {True, False}


def test_a_message_in_json_carries_creation_and_context() -> None:
    session = next(one for one in make_plan(200, seed=1).sessions if one.key.policy == STRICT_POLICY)
    message = json.loads(session.message(CREATED_AT))
    assert message["createdAt"] == "2025-06-15T15:06:40.000Z"
    assert message["context"] == {"demo": session.ending.name, "number": session.number}


@pytest.mark.parametrize(("body", "reason"), JUNK)
def test_junk_is_unservable_for_the_reason_given(body: str, reason: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse_message(body, CREATED_AT, {DEFAULT_POLICY, STRICT_POLICY})
    assert caught.value.reason == reason


def test_sessions_begin_before_they_are_announced_again() -> None:
    begun: set[int] = set()
    repeats = 0
    steps = make_plan(100, seed=2).steps
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    for step in steps:
        if step.session and step.again:
            assert step.session.number in begun
            repeats += 1
        elif step.session:
            begun.add(step.session.number)
    assert (len(begun), repeats) == (100, 10)
