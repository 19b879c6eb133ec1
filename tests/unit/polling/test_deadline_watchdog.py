"""Sessions end on time while every worker hangs in a call, and the hanging calls are told of."""

import json
from collections.abc import Callable
from math import inf

import pytest
from structlog.testing import capture_logs

from tests.unit.polling.test_poller import decided
from tests.unit.support.builders import an_answer, live_answer
from tests.unit.support.polling import WAITING
from tests.unit.support.world import World
from watcher.domain.errors import CallTimedOut, PollError, SessionNotFound
from watcher.domain.model import SessionResult, SessionStatus
from watcher.polling.deadline_watchdog import AFTER_DEADLINE, CHECK_INTERVAL, LATE_ANSWER, STUCK_AFTER
from watcher.polling.poller import UNREACHABLE_AFTER
from watcher.polling.scheduler import Due
from watcher.sessions.session import Session


def poll_that_hangs(
    world: World, session: Session, meanwhile: Callable[[], None], answer: SessionResult | PollError
) -> None:
    world.results.script, world.results.during = [answer], meanwhile
    world.poller.poll_once(Due(session, world.clock.monotonic()))


def is_given_up(world: World) -> bool:
    """Whether the one call under way has lost its session."""
    return world.poller.calls.outlasting(inf, 0.0, 0.0) == []


def test_a_session_that_waits_for_a_worker_ends_at_its_deadline_by_what_is_known() -> None:
    world = World()
    session, watchdog = world.session(), world.watchdog()
    session.record(CallTimedOut("no answer"))
    world.scheduler.add(session, world.clock.monotonic() + 5.0)
    world.clock.advance(179.9)
    watchdog.check()
    assert not session.is_abandoned
    assert session.is_scheduled
    world.clock.advance(0.1)
    watchdog.check()
    (data,) = decided(world)
    assert (data["reason"], data["lastError"]) == ("timed_out", "no answer")
    assert world.results.asked == []
    assert not session.is_scheduled


def test_the_workers_find_nothing_where_the_watchdog_was_first() -> None:
    world = World()
    world.scheduler.add(world.session(), world.clock.monotonic())
    world.clock.advance(180.0)
    world.watchdog().check()
    assert not isinstance(world.scheduler.poll_next(world.clock.monotonic()), Due)


def test_a_stopped_scheduler_hands_out_no_session_that_is_over() -> None:
    """They go back to the queue with the others: who receives them next decides."""
    world = World()
    world.scheduler.add(world.session(), world.clock.monotonic())
    world.clock.advance(180.0)
    world.scheduler.stop()
    assert world.scheduler.take_expired() is None


@pytest.mark.parametrize("late", [live_answer(), WAITING, CallTimedOut("x"), SessionNotFound("x")], ids=str)
def test_a_call_that_hangs_past_the_deadline_is_given_up_once_and_for_all(late: SessionResult | PollError) -> None:
    world = World()
    session, watchdog = world.session(), world.watchdog()
    world.clock.advance(179.0)

    def meanwhile() -> None:
        world.clock.advance(1.0 + AFTER_DEADLINE - 0.01)
        watchdog.check()
        assert not is_given_up(world)
        world.clock.advance(0.02)
        watchdog.check()
        watchdog.check()
        world.clock.advance(60.0)

    with capture_logs() as logs:
        poll_that_hangs(world, session, meanwhile, late)
    (data,) = decided(world)
    assert (data["outcome"], data["reason"], data["polls"]) == ("inconclusive", "timed_out", 1)
    assert "hung, for 2 s" in str(data["lastError"])
    assert not session.is_scheduled
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["late_response_dropped"]
    (note,) = json.loads(session.history)[-1:]
    assert (note["result"], note["seconds"]) == ("timeout", pytest.approx(1.0 + AFTER_DEADLINE + 0.01))
    assert world.poller.calls.waiting(world.clock.monotonic(), 0.0) == []


@pytest.mark.parametrize("hung_for", [0.0, 0.01, 1.0, 5.0, 9.99, 10.0, 30.0, 120.0])
def test_a_session_is_decided_within_a_second_of_its_deadline_whenever_its_call_began(hung_for: float) -> None:
    world = World()
    session, watchdog = world.session(), world.watchdog()
    world.clock.advance(180.0 - hung_for)

    def meanwhile() -> None:
        world.clock.advance(hung_for)
        watchdog.check()
        assert not is_given_up(world)
        world.clock.advance(1.0 - CHECK_INTERVAL)
        watchdog.check()
        assert is_given_up(world)

    poll_that_hangs(world, session, meanwhile, live_answer())
    (data,) = decided(world)
    assert (data["outcome"], data["reason"]) == ("inconclusive", "timed_out")


@pytest.mark.parametrize(
    ("age", "took", "answer", "reason"),
    [
        pytest.param(179.0, 1.0 + AFTER_DEADLINE - 0.01, live_answer(), "confidence_met", id="the last poll"),
        pytest.param(
            500.0,
            LATE_ANSWER - 0.01,
            an_answer(SessionStatus.FAILED),
            "session_failed",
            id="a late session's one call",
        ),
        pytest.param(500.0, LATE_ANSWER, an_answer(SessionStatus.FAILED), "timed_out", id="for ever"),
    ],
)
def test_a_slow_answer_after_the_deadline_counts(age: float, took: float, answer: SessionResult, reason: str) -> None:
    world = World()
    session, watchdog = world.session(), world.watchdog()
    world.clock.advance(age)

    def meanwhile() -> None:
        world.clock.advance(took)
        watchdog.check()

    poll_that_hangs(world, session, meanwhile, answer)
    (data,) = decided(world)
    assert data["reason"] == reason


def test_a_session_whose_lease_was_lost_meanwhile_is_not_decided_here() -> None:
    world = World()
    session, watchdog = world.session(), world.watchdog()

    def meanwhile() -> None:
        session.is_abandoned = True
        world.clock.advance(200.0)
        watchdog.check()

    poll_that_hangs(world, session, meanwhile, live_answer())
    assert decided(world) == []


def unanswered(world: World, calls: int, seconds: float) -> dict[str, str]:
    """What readiness says after so many calls have hung for so long."""
    for number in range(calls):
        world.poller.calls.begin(world.session(number + 1), world.clock.monotonic())
    world.clock.advance(seconds)
    world.watchdog().check()
    return world.readiness.problems()


@pytest.mark.parametrize(
    ("calls", "seconds", "is_told"),
    [
        (UNREACHABLE_AFTER, STUCK_AFTER, True),
        (UNREACHABLE_AFTER - 1, STUCK_AFTER, False),
        (UNREACHABLE_AFTER, STUCK_AFTER - 0.1, False),
    ],
)
def test_some_calls_that_hang_say_that_the_service_cannot_be_reached(
    calls: int, seconds: float, is_told: bool
) -> None:
    with capture_logs() as logs:
        problems = unanswered(World(), calls, seconds)
    assert problems == ({"endpoint": "3 calls wait for an answer, the oldest for 10 s"} if is_told else {})
    assert [entry["event"] for entry in logs] == (["component_unavailable"] if is_told else [])


def test_hanging_calls_say_nothing_while_others_are_answered_and_the_next_answer_ends_the_matter() -> None:
    world = World(WAITING)
    world.clock.advance(5.0)
    for number in range(4):
        world.poller.calls.begin(world.session(number + 1), world.clock.monotonic())
    world.clock.advance(STUCK_AFTER)
    world.poller.poll_once(Due(world.session(9), world.clock.monotonic()))
    world.watchdog().check()
    assert world.readiness.problems() == {}
    world.clock.advance(STUCK_AFTER)
    world.watchdog().check()
    assert set(world.readiness.problems()) == {"endpoint"}
    world.poller.poll_once(Due(world.session(10), world.clock.monotonic()))
    assert world.readiness.problems() == {}


def test_readiness_reports_throttling_with_the_rate_and_clears_without_polls() -> None:
    world = World()
    for _ in range(4):
        world.scheduler.record_result(throttled=True)
    world.watchdog().check()
    assert world.readiness.problems()["throttled"].startswith(
        "4 of 4 calls in the last 10 s were throttled; calling at"
    )
    world.clock.advance(11.0)
    world.watchdog().check()
    assert "throttled" not in world.readiness.problems()
