import json
from threading import Thread

import pytest
from structlog.testing import capture_logs

from tests.unit.support.builders import PICTURE, a_beat, an_answer, live_answer
from tests.unit.support.fakes import PATIENCE
from tests.unit.support.world import World
from watcher.domain.active_rules import Rules
from watcher.domain.errors import (
    AccessDenied,
    CallTimedOut,
    ConnectionFailed,
    MalformedResult,
    PollError,
    RejectedByService,
    ServerFault,
    SessionNotFound,
    Throttled,
    UnknownStatus,
    UnreadableAnswer,
)
from watcher.domain.model import DecisionRules, PollResult, SessionResult, SessionStatus
from watcher.polling.scheduler import Due

WAITING = an_answer(SessionStatus.IN_PROGRESS)


def poll(world: World, number: int = 1, late_by: float = 0.0) -> None:
    world.poller.poll_once(Due(world.session(number), world.clock.monotonic() - late_by))


def decided(world: World) -> list[dict[str, object]]:
    """The data of what was handed to the outbox."""
    return [json.loads(event.body)["data"] for _, event in world.decisions]


LABELS: list[tuple[SessionResult | PollError, PollResult]] = [
    *((an_answer(status), PollResult(status.lower())) for status in SessionStatus),
    (Throttled("x"), PollResult.THROTTLED),
    (CallTimedOut("x"), PollResult.TIMEOUT),
    (ConnectionFailed("x"), PollResult.CONNECTION_ERROR),
    (ServerFault("x"), PollResult.SERVER_ERROR),
    (SessionNotFound("x"), PollResult.NOT_FOUND),
    (AccessDenied("x"), PollResult.DENIED),
    (MalformedResult("x"), PollResult.MALFORMED),
    (UnreadableAnswer("x"), PollResult.MALFORMED),
    (UnknownStatus("x", "PAUSED"), PollResult.MALFORMED),
    (RejectedByService("x"), PollResult.MALFORMED),
]


@pytest.mark.parametrize(("observation", "label"), LABELS)
def test_each_poll_is_counted_by_its_result(observation: SessionResult | PollError, label: PollResult) -> None:
    world = World(observation)
    poll(world)
    counts = {result: world.labelled("watcher_polls_total", result=result.value) for result in PollResult}
    assert counts == {result: float(result is label) for result in PollResult}


def test_every_label_has_its_observation() -> None:
    assert {label for _, label in LABELS} == set(PollResult)


def test_lag_and_duration_are_measured() -> None:
    world = World(WAITING)
    world.results.during = lambda: world.clock.advance(0.5)
    poll(world, late_by=2.0)
    assert world.labelled("watcher_poll_lag_seconds_sum") == 2.0
    assert world.labelled("watcher_poll_duration_seconds_sum") == 0.5


def test_an_unfinished_session_is_polled_again_after_its_wait_from_the_answer() -> None:
    world = World(WAITING)
    world.results.during = lambda: world.clock.advance(0.5)
    poll(world)
    assert world.scheduler.poll_next(world.clock.monotonic()) == pytest.approx(1.0)
    assert decided(world) == []


def test_a_terminal_answer_is_decided_and_polled_no_more() -> None:
    world = World(live_answer())
    poll(world)
    assert len(world.scheduler) == 0
    [data] = decided(world)
    assert (data["outcome"], data["polls"]) == ("live", 1)
    assert world.labelled("watcher_confidence_ratio_count") == 1
    assert world.labelled("watcher_confidence_ratio_sum") == pytest.approx(0.973)
    assert world.labelled("watcher_policy_confidence_ratio_sum", policy="default") == pytest.approx(0.973)


def test_a_late_answer_of_an_abandoned_session_is_dropped() -> None:
    world = World(live_answer())
    session = world.session(1)
    world.results.during = lambda: setattr(session, "is_abandoned", True)
    world.poller.poll_once(Due(session, world.clock.monotonic()))
    assert decided(world) == []
    assert len(world.scheduler) == 0
    assert session.polls == 0
    assert world.labelled("watcher_polls_total", result="succeeded") == 1


def test_a_session_that_is_gone_by_its_deadline_is_decided_for_the_last_fault() -> None:
    world = World(ConnectionFailed("refused"))
    session = world.session(1)
    world.clock.advance(180.0)
    world.poller.poll_once(Due(session, world.clock.monotonic()))
    [data] = decided(world)
    assert (data["reason"], data["lastError"]) == ("timed_out", "refused")


def test_the_fault_that_a_session_keeps_holds_no_frame_of_its_call() -> None:
    """An answer of megabytes would stay in memory until the session ends."""

    def fail() -> None:
        try:
            json.loads("<html>")
        except ValueError as error:
            raise UnreadableAnswer("not JSON") from error

    world = World()
    world.results.during = fail
    session = world.session(1)
    world.poller.poll_once(Due(session, world.clock.monotonic()))
    fault = session.last_error
    assert isinstance(fault, UnreadableAnswer)
    assert (fault.__traceback__, fault.__cause__, fault.__context__) == (None, None, None)


def scores(world: World) -> float | None:
    return world.labelled("watcher_confidence_ratio_count")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (an_answer(SessionStatus.SUCCEEDED, 97.3, PICTURE), "confidence_met"),
        (an_answer(SessionStatus.SUCCEEDED, 97.3), "reference_image_missing"),
        (an_answer(SessionStatus.SUCCEEDED, 10.0, PICTURE), "confidence_below_threshold"),
    ],
)
def test_the_score_of_every_decision_that_looked_at_it_is_counted(answer: SessionResult, reason: str) -> None:
    world = World(answer)
    world.active_rules.swap(Rules({"default": DecisionRules(require_reference_image=True)}, world.policy, 180.0))
    poll(world)
    [data] = decided(world)
    assert data["reason"] == reason
    assert scores(world) == 1


@pytest.mark.parametrize("status", [SessionStatus.FAILED, SessionStatus.EXPIRED, SessionStatus.IN_PROGRESS])
def test_a_score_that_decided_nothing_is_not_counted(status: SessionStatus) -> None:
    """FAILED sessions may carry one, of 0 often; it would bend the histogram."""
    world = World(an_answer(status, 1.0))
    session = world.session(1)
    world.clock.advance(180.0)
    world.poller.poll_once(Due(session, world.clock.monotonic()))
    assert len(decided(world)) == 1
    assert scores(world) == 0


def test_neither_the_log_nor_the_trail_has_the_score_or_the_image(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "watcher.polling.poller")
    world = World(live_answer())
    session = world.session(1)
    with capture_logs() as logs:
        world.poller.poll_once(Due(session, world.clock.monotonic()))
    told = json.dumps(logs) + session.history
    assert "polled" in told
    assert "97.3" not in told
    assert "face.jpg" not in told
    assert PICTURE.s3_object is not None


def test_the_trail_tells_each_poll_with_its_result_and_wait() -> None:
    world = World(WAITING, Throttled("slow down"))
    session = world.session(1)
    for _ in range(2):
        world.poller.poll_once(Due(session, world.clock.monotonic()))
    first, second = json.loads(session.history)
    assert (first["event"], first["result"], first["next"]) == ("poll", "in_progress", 1.0)
    assert (second["result"], second["error"]) == ("throttled", "slow down")


def test_rules_that_change_while_a_session_is_watched_are_those_it_is_decided_by() -> None:
    world = World(live_answer())
    world.active_rules.swap(Rules({"default": DecisionRules(threshold=99.0)}, world.policy, 180.0))
    poll(world)
    [data] = decided(world)
    assert (data["outcome"], data["threshold"]) == ("not_live", 99.0)


def test_a_bug_in_the_adapter_is_not_taken_for_a_fault_of_the_service() -> None:
    def stumble() -> None:
        raise ZeroDivisionError

    world = World()
    world.results.during = stumble
    with pytest.raises(ZeroDivisionError):
        poll(world)


def test_a_worker_ends_with_the_scheduler() -> None:
    world = World(live_answer())
    world.scheduler.add(world.session(1), world.clock.monotonic())
    world.results.during = world.scheduler.stop
    thread = Thread(target=world.poller.run, args=(a_beat(world.clock),))
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert world.results.asked == [world.session(1).key.session_id]
