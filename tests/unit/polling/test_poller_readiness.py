import pytest
from structlog.testing import capture_logs

from tests.unit.support.builders import an_answer, live_answer
from tests.unit.support.world import World
from watcher.domain.errors import (
    AccessDenied,
    CallTimedOut,
    ConnectionFailed,
    PollError,
    RejectedByService,
    SessionNotFound,
    Throttled,
    UnknownStatus,
    UnreadableAnswer,
)
from watcher.domain.model import SessionResult, SessionStatus
from watcher.polling.poller import UNREACHABLE_AFTER
from watcher.polling.scheduler import Due
from watcher.polling.strategies import UNREADABLE_LIMIT

WAITING = an_answer(SessionStatus.IN_PROGRESS)


def poll(world: World, number: int = 1, late_by: float = 0.0) -> None:
    world.poller.poll_once(Due(world.session(number), world.clock.monotonic() - late_by))


def test_denied_polls_cost_readiness_and_no_session() -> None:
    world = World(AccessDenied("no permission"), live_answer())
    with capture_logs() as logs:
        poll(world)
        assert world.readiness.problems() == {"credentials": "no permission"}
        assert world.calls.names == []
        assert len(world.scheduler) == 1
        poll(world, 2)
    assert world.readiness.problems() == {}
    assert [entry["event"] for entry in logs if entry["log_level"] != "debug"] == [
        "component_unavailable",
        "component_recovered",
    ]


def test_a_throttle_shows_that_the_service_is_there_but_says_nothing_of_the_credentials() -> None:
    """It may come before the credentials are looked at."""
    script = [AccessDenied("no permission"), *[CallTimedOut("late")] * UNREACHABLE_AFTER, Throttled("slow down")]
    world = World(*script, WAITING)
    for number in range(len(script) - 1):
        poll(world, number)
    assert world.readiness.problems() == {"credentials": "no permission", "endpoint": "late"}
    poll(world, 50)
    assert world.readiness.problems() == {"credentials": "no permission"}
    poll(world, 51)
    assert world.readiness.problems() == {}


def test_one_lost_connection_is_no_outage_but_some_in_a_row_are() -> None:
    world = World(ConnectionFailed("refused"))
    for number in range(UNREACHABLE_AFTER - 1):
        poll(world, number)
        assert world.readiness.problems() == {}
    poll(world, 50)
    assert world.readiness.problems() == {"endpoint": "refused"}


@pytest.mark.parametrize("answer", [WAITING, Throttled("x"), SessionNotFound("x"), RejectedByService("x")])
def test_whatever_the_service_itself_says_shows_that_it_can_be_reached(answer: SessionResult | PollError) -> None:
    world = World(*[CallTimedOut("late")] * UNREACHABLE_AFTER, answer, CallTimedOut("late"))
    for number in range(UNREACHABLE_AFTER):
        poll(world, number)
    assert "endpoint" in world.readiness.problems()
    poll(world, 50)
    assert world.readiness.problems() == {}
    poll(world, 51)
    assert world.readiness.problems() == {}


def test_a_session_with_unreadable_answers_says_nothing_of_the_service() -> None:
    world = World(*[UnknownStatus("odd", "COMPLETED")] * (UNREACHABLE_AFTER + 2))
    for _ in range(UNREACHABLE_AFTER + 2):
        poll(world)
    assert world.readiness.problems() == {}


def test_pages_for_everybody_are_the_endpoint_s_fault_and_the_first_answer_ends_that() -> None:
    world = World(*[UnreadableAnswer("HTTP 403")] * (UNREADABLE_LIMIT + 2), WAITING)
    due = Due(world.session(1), world.clock.monotonic())
    for _ in range(UNREADABLE_LIMIT):
        world.poller.poll_once(due)
    (problem,) = world.readiness.problems().items()
    assert problem[0] == "endpoint"
    assert "HTTP 403" in problem[1]
    poll(world, 2)
    assert "endpoint" in world.readiness.problems()
    poll(world, 3)
    assert world.readiness.problems() == {}
