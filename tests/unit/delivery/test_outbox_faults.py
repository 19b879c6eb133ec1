from threading import Event

import pytest
from tenacity import wait_fixed

from tests.support import decision
from tests.unit.delivery.outboxes import decided, running
from tests.unit.support.builders import a_lease
from tests.unit.support.fakes import PATIENCE
from tests.unit.support.world import World
from watcher.domain.errors import LedgerError, QueueError, SinkError, SinkGone
from watcher.domain.model import LedgerEntry
from watcher.telemetry.health import OUTSIDE_LIMIT, SLOW_CALL, Beat
from watcher.util.clock import SystemClock

pytestmark = pytest.mark.usefixtures("no_waiting")


def test_a_failing_sink_holds_its_acks_but_no_other_worker() -> None:
    world = World(sinks=("a", "b"))
    world.sinks["a"].gate.clear()
    with running(world) as outbox:
        event = decided(world, world.session(1))
        assert world.sinks["b"].emitted.wait(PATIENCE)
        world.calls.wait_for("delivered b")
        assert world.queue.acked == []
        assert len(world.in_flight) == 1
        world.sinks["a"].gate.set()
        outbox.drain()
    assert world.sinks["a"].events == world.sinks["b"].events == [event]
    assert world.queue.acked == [a_lease(1)]


def test_a_sink_that_fails_is_tried_again_with_the_same_events() -> None:
    world = World()
    world.calls.fail("a", SinkError("full"), SinkError("full"))
    with running(world) as outbox:
        event = decided(world, world.session(1))
        outbox.drain()
    assert world.calls.names == ["record", "a", "a", "a", "delivered a", "mark_acked", "ack"]
    assert world.sinks["a"].events == [event]
    assert world.labelled("watcher_sink_deliveries_total", sink="a", result="failed") == 2
    assert world.readiness.problems() == {}


def test_with_the_ledger_down_nothing_is_emitted() -> None:
    world = World()
    world.calls.break_down("record", LedgerError("locked"))
    with running(world) as outbox:
        decided(world, world.session(1))
        world.calls.wait_for("record", 3)
        assert world.sinks["a"].events == []
        assert world.readiness.problems() == {"ledger": "locked"}
        world.calls.repair("record")
        outbox.drain()
    assert len(world.sinks["a"].events) == 1


def test_a_failing_ack_is_tried_again() -> None:
    world = World()
    world.calls.fail("ack", QueueError("down"))
    with running(world) as outbox:
        decided(world, world.session(1))
        outbox.drain()
    assert world.queue.acked == [a_lease(1)]
    assert world.calls.names[-3:] == ["mark_acked", "ack", "ack"]


def test_a_ledger_that_cannot_note_a_delivery_holds_the_ack() -> None:
    world = World()
    world.calls.fail("delivered a", LedgerError("locked"))
    with running(world) as outbox:
        decided(world, world.session(1))
        outbox.drain()
    assert world.calls.names == ["record", "a", "delivered a", "delivered a", "mark_acked", "ack"]


def test_a_sink_that_is_gone_ends_its_thread_with_that_error() -> None:
    world = World()
    gone = SinkGone("stdout is closed")
    world.calls.fail("a", gone)
    with running(world) as outbox:
        decided(world, world.session(1))
        assert outbox.died.wait(PATIENCE)
    assert outbox.deaths == [("sink-a", gone)]
    assert world.queue.acked == []


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ("record", LedgerError("x")),
        ("a", SinkError("x")),
        ("delivered a", LedgerError("x")),
        ("ack", QueueError("x")),
        ("mark_acked", LedgerError("x")),
    ],
)
def test_a_drain_that_runs_out_of_time_gives_up_without_a_death(broken: str, error: Exception) -> None:
    world = World()
    world.calls.break_down(broken, error)
    with running(world) as outbox:
        decided(world, world.session(1))
        world.calls.wait_for(broken, 2)
        outbox.drain(0.0)
    assert outbox.deaths == []
    assert world.queue.acked == []


def test_a_halt_interrupts_the_wait_between_two_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.delivery.circuit_breaker.WHILE_CLOSED", wait_fixed(3600))
    world, is_waiting, rest = World(), Event(), Beat.rest

    def rests(beat: Beat) -> None:
        """After the first try, the worker rests only in its wait for the second one."""
        rest(beat)
        if beat.role == "sink-a" and world.calls.count("a"):
            is_waiting.set()

    monkeypatch.setattr(Beat, "rest", rests)
    world.calls.break_down("a", SinkError("full"))
    with running(world) as outbox:
        decided(world, world.session(1))
        assert is_waiting.wait(PATIENCE)
        outbox.drain(0.0)
        assert outbox.threads.join(["sink-a"], SystemClock().monotonic() + PATIENCE)
    assert world.calls.count("a") == 2


@pytest.mark.parametrize(("part", "call"), [("ledger", "delivered a"), ("ledger", "mark_acked"), ("queue", "ack")])
def test_whatever_failed_after_the_decision_is_well_again_once_it_works(part: str, call: str) -> None:
    """No later message has to come first: an idle watcher would stay unready."""
    world = World()
    error = QueueError("down") if part == "queue" else LedgerError("down")
    world.calls.break_down(call, error)
    with running(world) as outbox:
        decided(world, world.session(1))
        world.calls.wait_for(call, 2)
        assert world.readiness.problems() == {part: "down"}
        world.calls.repair(call)
        outbox.drain()
    assert world.readiness.problems() == {}


def test_a_ledger_that_notes_deliveries_again_is_well_although_another_sink_holds_the_session() -> None:
    """Nothing after it asks the ledger anything: readiness must not wait for that."""
    world = World(sinks=("a", "b"))
    world.sinks["b"].gate.clear()
    world.calls.break_down("delivered a", LedgerError("locked"))
    world.calls.on("mark_acked", lambda: world.sinks["b"].gate.wait(PATIENCE))  # of the other session
    with running(world) as outbox:
        decided(world, world.session(1))
        world.calls.wait_for("delivered a", 2)
        assert world.readiness.problems() == {"ledger": "locked"}
        world.calls.repair("delivered a")
        entry = LedgerEntry(decision(9), 1.0, delivered={"b": 1.0})
        world.ledger.entries[entry.event.key] = entry
        world.outbox.resume(world.session(9), entry)  # its turn comes after the delivery that is noted at last
        world.calls.wait_for("a", 2)
        assert world.readiness.problems() == {}
        world.sinks["b"].gate.set()
        outbox.drain()


@pytest.mark.parametrize(
    ("call", "role", "part"),
    [("record", "recorder", "ledger"), ("a", "sink-a", "sink a"), ("ack", "acker", "queue")],
)
def test_a_backend_that_hangs_is_named_and_its_thread_is_late_only_beyond_all_time_outs(
    call: str, role: str, part: str
) -> None:
    world = World()
    late: list[list[str]] = []
    slow: list[set[str]] = []

    with running(world) as outbox:

        def last_long() -> None:
            for seconds in (SLOW_CALL - 1.0, 1.0, OUTSIDE_LIMIT - SLOW_CALL, 1.0):
                world.clock.advance(seconds)
                slow.append(set(outbox.liveness.slow_calls()))
                late.append([line.partition(":")[0] for line in outbox.liveness.late()])

        world.calls.on(call, last_long)
        decided(world, world.session(1))
        outbox.drain()
    assert slow == [set(), {part}, {part}, {part}]
    assert late == [[], [], [], [role]]
