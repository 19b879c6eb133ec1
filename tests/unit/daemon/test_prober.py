from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from tests.support import SteppingEvent
from tests.unit.support.builders import a_beat, a_received_message
from tests.unit.support.world import World
from watcher.daemon.prober import DEPTH_INTERVAL, NOBODY, PROBE_INTERVAL, Prober
from watcher.domain.errors import (
    AccessDenied,
    ConnectionFailed,
    LedgerError,
    PollError,
    QueueError,
    SessionNotFound,
    Throttled,
    UnreadableAnswer,
)


def a_prober(world: World, *also: Callable[[], None]) -> Prober:
    return Prober(
        queue=world.queue,
        ledger=world.ledger,
        results=world.results,
        endpoint=world.endpoint,
        scheduler=world.scheduler,
        clock=world.clock,
        metrics=world.metrics,
        readiness=world.readiness,
        also=also,
    )


def test_a_watcher_is_not_ready_before_its_first_look() -> None:
    world = World()
    prober = a_prober(world)
    assert list(world.readiness.problems()) == ["startup"]
    prober.probe(a_beat(world.clock))
    assert world.readiness.problems() == {}


def test_the_depth_is_shown() -> None:
    world = World()
    world.queue.waiting = [a_received_message("x")] * 3
    a_prober(world).probe(a_beat(world.clock))
    assert world.labelled("watcher_queue_messages", state="visible") == 3


def test_a_queue_that_cannot_be_asked_is_a_problem_until_it_can() -> None:
    world = World()
    prober = a_prober(world)
    world.calls.fail("depth", QueueError("down"))
    prober.probe(a_beat(world.clock))
    assert list(world.readiness.problems().values()) == ["down"]
    prober.probe(a_beat(world.clock))
    assert world.readiness.problems() == {}


def test_the_endpoint_is_probed_now_and_then_while_nothing_is_polled() -> None:
    world = World()
    prober = a_prober(world)
    prober.probe(a_beat(world.clock))
    prober.probe(a_beat(world.clock))
    assert world.results.probed == 1
    world.clock.advance(PROBE_INTERVAL)
    prober.probe(a_beat(world.clock))
    assert world.results.probed == 2


def test_polls_tell_enough_where_there_are_some() -> None:
    world = World()
    world.scheduler.add(world.session(1), world.clock.monotonic() + 5.0)
    a_prober(world).probe(a_beat(world.clock))
    assert world.results.probed == 0


def test_a_failed_probe_is_a_problem_until_one_succeeds() -> None:
    world = World()
    world.results.probes = [ConnectionFailed("refused")]
    prober = a_prober(world)
    prober.probe(a_beat(world.clock))
    assert world.readiness.problems() == {"endpoint": "refused"}
    world.clock.advance(PROBE_INTERVAL)
    prober.probe(a_beat(world.clock))
    assert world.readiness.problems() == {}


def test_credentials_that_were_refused_are_tried_on_nobodys_session_while_nothing_is_polled() -> None:
    world = World(AccessDenied("still no permission"), SessionNotFound("no such session"))
    prober = a_prober(world)
    with capture_logs() as logs:
        world.readiness.mark_unavailable("credentials", AccessDenied("no permission"), "sessions wait")
        prober.probe(a_beat(world.clock))
        assert world.readiness.problems() == {"credentials": "still no permission"}
        prober.probe(a_beat(world.clock))
        assert world.results.asked == [NOBODY.session_id]
        world.clock.advance(PROBE_INTERVAL)
        prober.probe(a_beat(world.clock))
    assert world.readiness.problems() == {}
    assert world.results.asked == [NOBODY.session_id] * 2
    assert [(entry["event"], entry["part"]) for entry in logs] == [
        ("component_unavailable", "credentials"),
        ("component_recovered", "credentials"),
    ]


@pytest.mark.parametrize("fault", [Throttled("slow down"), ConnectionFailed("refused"), UnreadableAnswer("blank")])
def test_an_answer_that_says_nothing_of_the_credentials_changes_nothing(fault: PollError) -> None:
    world = World(fault)
    world.readiness.mark_unavailable("credentials", "no permission")
    a_prober(world).probe(a_beat(world.clock))
    assert world.readiness.problems() == {"credentials": "no permission"}


def test_credentials_that_nobody_refused_cost_no_call() -> None:
    world = World()
    a_prober(world).probe(a_beat(world.clock))
    assert world.results.asked == []


def test_a_refused_poll_is_not_asked_about_while_others_tell() -> None:
    world = World()
    world.readiness.mark_unavailable("credentials", "no permission")
    world.scheduler.add(world.session(1), world.clock.monotonic() + 5.0)
    a_prober(world).probe(a_beat(world.clock))
    assert world.results.asked == []


def test_it_looks_at_once_and_then_every_few_seconds() -> None:
    world = World()

    class StopSoon(SteppingEvent):
        def wait(self, timeout: float | None = None) -> bool:
            if len(self.waits) == 2:
                self.set()
            return super().wait(timeout)

    stop = StopSoon(world.clock)
    a_prober(world).run(stop, a_beat(world.clock))
    assert stop.waits == [DEPTH_INTERVAL] * 3
    assert world.calls.count("depth") == 3


def test_a_ledger_that_cannot_be_asked_is_a_problem_of_an_idle_watcher_until_it_can() -> None:
    world = World()
    prober = a_prober(world)
    world.calls.fail("find", LedgerError("no such table"))
    prober.probe(a_beat(world.clock))
    assert world.readiness.problems() == {"ledger": "no such table"}
    world.clock.advance(PROBE_INTERVAL)
    prober.probe(a_beat(world.clock))
    assert world.readiness.problems() == {}


def test_a_page_that_can_be_reached_is_not_the_service_once_it_was_at_fault() -> None:
    """Idle, the endpoint is asked for a session that does not exist: any answer of the API ends the outage."""
    world = World(*[UnreadableAnswer("HTTP 200")] * 2, SessionNotFound("no such session"))
    prober = a_prober(world)
    assert not world.endpoint.ask_again()
    world.readiness.mark_unavailable("endpoint", "a page")
    prober.probe(a_beat(world.clock))
    assert world.readiness.problems() == {"endpoint": "a page"}
    world.clock.advance(PROBE_INTERVAL)
    prober.probe(a_beat(world.clock))
    assert world.readiness.problems() == {}
    assert world.results.asked == [NOBODY.session_id] * 3
