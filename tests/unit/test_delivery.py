import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event

import pytest
from tenacity import wait_fixed, wait_none

from tests.unit.fakes import PATIENCE, World, a_lease, live_answer
from watcher.clock import SystemClock
from watcher.decision import decide
from watcher.errors import LedgerError, QueueError, SinkError, SinkGone
from watcher.event import decision_event
from watcher.health import Liveness
from watcher.model import DecisionEvent, DecisionRules, LedgerEntry, Outcome, Reason, Verdict
from watcher.threads import Threads
from watcher.watch import Watch

RULES = DecisionRules()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.stage.wait_random_exponential", lambda **_: wait_none())


def event_of(world: World, watch: Watch) -> DecisionEvent:
    answer = live_answer()
    return decision_event(
        watch, decide(answer, RULES), answer, RULES, source="/watcher/us-east-1", now=world.clock.time()
    )


def decided(world: World, watch: Watch) -> DecisionEvent:
    """Hand a fresh decision over, as a worker does."""
    event = event_of(world, watch)
    world.outbox.decided(watch, decide(live_answer(), RULES), event)
    return event


class Running:
    """The outbox with its threads."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.deaths: list[tuple[str, BaseException]] = []
        self.died = Event()
        self.threads = Threads(SystemClock(), self._died)
        world.outbox.start(self.threads, Liveness(world.clock))

    def _died(self, role: str, error: BaseException) -> None:
        self.deaths.append((role, error))
        self.died.set()

    def drain(self, seconds: float = PATIENCE) -> None:
        self.world.outbox.drain(self.threads, SystemClock().monotonic() + seconds)


@contextmanager
def running(world: World) -> Iterator[Running]:
    """Threads that are ended whatever the test finds."""
    outbox = Running(world)
    try:
        yield outbox
    finally:
        for sink in world.sinks.values():
            sink.gate.set()
        outbox.drain(0.0)
        roles = ["recorder", "settler", *(f"sink-{name}" for name in world.sinks)]
        assert outbox.threads.join(roles, SystemClock().monotonic() + PATIENCE)


def eventually(world: World, name: str, times: int = 1) -> None:
    """Wait until the fakes have seen so many calls of this name."""
    deadline, pause = SystemClock().monotonic() + PATIENCE, Event()
    while world.calls.count(name) < times:
        assert SystemClock().monotonic() < deadline, world.calls.names
        pause.wait(0.001)


def test_the_order_is_ledger_then_sink_then_ack_then_settled() -> None:
    world = World()
    with running(world) as outbox:
        event = decided(world, world.watch(1))
        outbox.drain()
    assert world.calls.names == ["record", "a", "delivered a", "ack", "settle"]
    assert world.sinks["a"].events == [event]
    assert world.queue.acked == [a_lease(1)]
    assert len(world.in_flight) == 0
    assert outbox.deaths == []


def test_a_decision_is_counted_once_with_its_latency_and_polls() -> None:
    world = World()
    watch = world.watch(1)
    watch.polls = 3
    world.clock.advance(12.0)
    with running(world) as outbox:
        decided(world, watch)
        outbox.drain()
    labels = {"outcome": "live", "reason": "confidence_met", "policy": "default"}
    assert world.labelled("watcher_decisions_total", **labels) == 1
    assert world.labelled("watcher_decision_latency_seconds_sum") == 12.0
    assert world.labelled("watcher_polls_per_session_sum") == 3
    assert world.labelled("watcher_sink_deliveries_total", sink="a", result="ok") == 1


def test_every_lease_of_a_watch_is_acked() -> None:
    world = World()
    with running(world) as outbox:
        decided(world, world.watch(1, a_lease(1), a_lease(2)))
        outbox.drain()
    assert world.queue.acked == [a_lease(1), a_lease(2)]


def test_the_leases_are_off_the_books_before_they_are_acked() -> None:
    world = World()
    on_the_books: list[int] = []
    world.queue.on_ack = lambda: on_the_books.append(len(world.in_flight.leases()))
    with running(world) as outbox:
        decided(world, world.watch(1))
        outbox.drain()
    assert on_the_books == [0]


def test_a_failing_sink_holds_its_acks_but_no_other_lane() -> None:
    world = World(sinks=("a", "b"))
    world.sinks["a"].gate.clear()
    with running(world) as outbox:
        event = decided(world, world.watch(1))
        assert world.sinks["b"].emitted.wait(PATIENCE)
        eventually(world, "delivered b")
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
        event = decided(world, world.watch(1))
        outbox.drain()
    assert world.calls.names == ["record", "a", "a", "a", "delivered a", "ack", "settle"]
    assert world.sinks["a"].events == [event]
    assert world.labelled("watcher_sink_deliveries_total", sink="a", result="failed") == 2
    assert world.readiness.problems() == {}


def test_a_sink_that_is_down_is_told_to_readiness() -> None:
    world = World()
    world.calls.break_down("a", SinkError("full"))
    with running(world):
        decided(world, world.watch(1))
        eventually(world, "a", 3)
        assert world.readiness.problems() == {"sink a": "full"}


def test_with_the_ledger_down_nothing_is_emitted() -> None:
    world = World()
    world.calls.break_down("record", LedgerError("locked"))
    with running(world) as outbox:
        decided(world, world.watch(1))
        eventually(world, "record", 3)
        assert world.sinks["a"].events == []
        assert world.readiness.problems() == {"ledger": "locked"}
        world.calls.mend("record")
        outbox.drain()
    assert len(world.sinks["a"].events) == 1


def test_the_entry_of_another_process_wins_over_our_decision() -> None:
    world = World()
    watch = world.watch(1)
    theirs = replace(event_of(world, watch), body='{"outcome":"not_live"}')
    world.ledger.entries[watch.key] = LedgerEntry(theirs, 0.5)
    with running(world) as outbox:
        decided(world, watch)
        outbox.drain()
    assert world.sinks["a"].events == [theirs]
    assert world.queue.acked == [a_lease(1)]
    labels = {"outcome": "live", "reason": "confidence_met", "policy": "default"}
    assert world.labelled("watcher_decisions_total", **labels) == 0


def test_after_a_crash_between_two_sinks_only_what_is_missing_goes_out() -> None:
    world = World(sinks=("a", "b"))
    watch = world.watch(1)
    event = event_of(world, watch)
    entry = LedgerEntry(event, 0.5, delivered={"a": 1.0})
    world.ledger.entries[watch.key] = entry
    with running(world) as outbox:
        world.outbox.known(watch, entry)
        eventually(world, "ack")
        outbox.drain()
    assert world.sinks["a"].events == []
    assert world.sinks["b"].events == [event]


def test_after_a_crash_before_the_ack_the_message_is_only_acked() -> None:
    world = World()
    watch = world.watch(1)
    entry = LedgerEntry(event_of(world, watch), 0.5, delivered={"a": 1.0, "sink-of-old": 1.0})
    world.ledger.entries[watch.key] = entry
    with running(world) as outbox:
        world.outbox.known(watch, entry)
        eventually(world, "ack")
        outbox.drain()
    assert world.calls.names == ["ack", "settle"]


def test_a_settled_decision_that_is_asked_for_again_goes_to_every_sink_again() -> None:
    world = World(sinks=("a", "b"))
    watch = world.watch(1)
    event = event_of(world, watch)
    entry = LedgerEntry(event, 0.5, delivered={"a": 1.0, "b": 1.0}, settled_at=2.0)
    world.ledger.entries[watch.key] = entry
    with running(world) as outbox:
        world.outbox.known(watch, entry)
        eventually(world, "ack")
        outbox.drain()
    assert world.sinks["a"].events == world.sinks["b"].events == [event]


def test_an_abandoned_watch_is_not_recorded() -> None:
    world = World()
    watch = world.watch(1)
    world.in_flight.lose(a_lease(1))
    with running(world) as outbox:
        decided(world, watch)
        outbox.drain()
    assert world.ledger.entries == {}
    assert world.sinks["a"].events == []
    assert world.queue.acked == []


def test_a_lease_that_is_lost_while_its_decision_goes_out_is_neither_acked_nor_settled() -> None:
    world = World()
    watch = world.watch(1)
    world.sinks["a"].gate.clear()
    with running(world) as outbox:
        decided(world, watch)
        assert world.sinks["a"].entered.wait(PATIENCE)
        world.in_flight.lose(a_lease(1))
        world.sinks["a"].gate.set()
        outbox.drain()
    assert world.queue.acked == []
    assert world.ledger.entries[watch.key].settled_at is None


def test_a_message_whose_lease_is_lost_at_the_ack_is_not_settled() -> None:
    """It comes back to somebody, who would otherwise emit the event to every sink again."""
    world = World()
    watch, other = world.watch(1), world.watch(2)
    world.queue.lost = {a_lease(1)}
    with running(world) as outbox:
        decided(world, watch)
        decided(world, other)
        outbox.drain()
    assert world.ledger.entries[watch.key].settled_at is None
    assert world.ledger.entries[other.key].settled_at is not None


def test_a_watch_and_its_successor_are_settled_each_with_its_own_leases() -> None:
    world = World()
    first = world.watch(1)
    world.in_flight.lose(a_lease(1))
    second = world.watch(1, a_lease(2))
    entry = LedgerEntry(event_of(world, second), 0.5, delivered={"a": 1.0})
    world.ledger.entries[second.key] = entry
    for watch in (second, first):
        world.outbox.known(watch, entry)
    with running(world) as outbox:
        outbox.drain()
    assert world.queue.acked == [a_lease(2)]


def test_a_failing_ack_is_tried_again() -> None:
    world = World()
    world.calls.fail("ack", QueueError("down"))
    with running(world) as outbox:
        decided(world, world.watch(1))
        outbox.drain()
    assert world.queue.acked == [a_lease(1)]
    assert world.calls.names[-3:] == ["ack", "ack", "settle"]


def test_a_ledger_that_cannot_note_a_delivery_holds_the_ack() -> None:
    world = World()
    world.calls.fail("delivered a", LedgerError("locked"))
    with running(world) as outbox:
        decided(world, world.watch(1))
        outbox.drain()
    assert world.calls.names == ["record", "a", "delivered a", "delivered a", "ack", "settle"]


def test_a_sink_that_is_gone_ends_its_thread_with_that_error() -> None:
    world = World()
    gone = SinkGone("stdout is closed")
    world.calls.fail("a", gone)
    with running(world) as outbox:
        decided(world, world.watch(1))
        assert outbox.died.wait(PATIENCE)
    assert outbox.deaths == [("sink-a", gone)]
    assert world.queue.acked == []


def test_the_drain_finishes_all_that_was_handed_over() -> None:
    world = World(sinks=("a", "b"), limit=1000)
    for number in range(500):
        decided(world, world.watch(number))
    with running(world) as outbox:
        outbox.drain()
    assert len(world.queue.acked) == len(world.sinks["a"].events) == len(world.sinks["b"].events) == 500
    assert len(world.in_flight) == 0


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ("record", LedgerError("x")),
        ("a", SinkError("x")),
        ("delivered a", LedgerError("x")),
        ("ack", QueueError("x")),
        ("settle", LedgerError("x")),
    ],
)
def test_a_drain_that_runs_out_of_time_gives_up_without_a_death(broken: str, error: Exception) -> None:
    world = World()
    world.calls.break_down(broken, error)
    with running(world) as outbox:
        decided(world, world.watch(1))
        eventually(world, broken, 2)
        outbox.drain(0.0)
    assert outbox.deaths == []
    assert (world.queue.acked == []) == (broken != "settle")


def test_a_halt_interrupts_the_wait_between_two_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.stage.wait_random_exponential", lambda **_: wait_fixed(3600))
    world = World()
    world.calls.break_down("a", SinkError("full"))
    with running(world) as outbox:
        decided(world, world.watch(1))
        eventually(world, "a")
        outbox.drain(0.0)
        assert outbox.threads.join(["sink-a"], SystemClock().monotonic() + PATIENCE)
    assert world.calls.count("a") == 2


def test_the_trail_is_recorded_as_json() -> None:
    world = World()
    watch = world.watch(1)
    watch.note(1.0, "poll", result="succeeded")
    with running(world) as outbox:
        decided(world, watch)
        outbox.drain()
    assert json.loads(world.ledger.entries[watch.key].trail) == [{"at": 1.0, "event": "poll", "result": "succeeded"}]


def test_a_policy_beyond_the_labelled_ones_is_counted_as_other() -> None:
    world = World()
    watch = world.watch(1)
    watch.key = watch.key._replace(policy="rare")
    verdict = Verdict(Outcome.INCONCLUSIVE, Reason.TIMED_OUT)
    with running(world) as outbox:
        world.outbox.decided(watch, verdict, event_of(world, watch))
        outbox.drain()
    labels = {"outcome": "inconclusive", "reason": "timed_out", "policy": "other"}
    assert world.labelled("watcher_decisions_total", **labels) == 1
