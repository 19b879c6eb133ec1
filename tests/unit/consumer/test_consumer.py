import json
from dataclasses import replace
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from tests.support import session_id
from tests.unit.delivery.outboxes import running
from tests.unit.support.builders import a_beat, a_lease, a_received_message, held, when_full
from tests.unit.support.fakes import PATIENCE
from tests.unit.support.world import World
from watcher.domain.errors import LedgerError, QueueError
from watcher.domain.model import DeadReason, DecisionEvent, DecisionRules, LedgerEntry, ReceivedMessage, SessionKey
from watcher.polling.scheduler import Due
from watcher.util.retry import RetryUntilStopped
from watcher.util.rfc3339 import timestamp

pytestmark = pytest.mark.usefixtures("no_waiting")


def take_in(world: World, *deliveries: ReceivedMessage, stop: Event | None = None) -> None:
    world.consumer.process(deliveries, RetryUntilStopped(stop or Event(), a_beat(world.clock)))


def stopped() -> Event:
    stop = Event()
    stop.set()
    return stop


def a_message(number: int, sent_at: float | None = None) -> ReceivedMessage:
    return a_received_message(session_id(number), number, sent_at)


def run_until_idle(world: World) -> None:
    """Run the consumer until the queue is empty."""
    stop = Event()
    thread = Thread(target=world.consumer.run, args=(stop, a_beat(world.clock)))
    thread.start()
    idle = world.queue.idle.wait(PATIENCE)
    stop.set()
    thread.join(PATIENCE)
    assert idle
    assert not thread.is_alive()


def test_a_message_becomes_a_session_that_is_due_now() -> None:
    world = World()
    take_in(world, a_message(1, world.clock.time() - 20.0))
    due = world.scheduler.take()
    assert isinstance(due, Due)
    now = world.clock.monotonic()
    assert due.session.key == (session_id(1), "default")
    assert (due.at, due.session.created_monotonic, due.session.deadline) == (now, now - 20.0, now + 160.0)
    assert due.session.leases == [a_lease(1, "one-batch")]
    assert held(world.in_flight) == due.session.leases
    assert json.loads(due.session.history)[0]["event"] == "received"
    assert world.labelled("watcher_sessions_received_total") == 1


def test_a_redelivery_keeps_the_deadline_of_its_session() -> None:
    world = World()
    sent_at = world.clock.time()
    world.clock.advance(100.0)
    take_in(world, a_message(1, sent_at))
    due = world.scheduler.take()
    assert due is not None
    assert due.session.deadline == world.clock.monotonic() + 80.0


def test_no_more_is_received_than_there_is_room_for() -> None:
    world = World(limit=3)
    world.session(90)
    world.queue.waiting = [a_message(number) for number in range(2)]
    stop, is_full = Event(), when_full(world.in_flight)
    thread = Thread(target=world.consumer.run, args=(stop, a_beat(world.clock)))
    thread.start()
    assert is_full.wait(PATIENCE)
    stop.set()
    world.in_flight.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert world.queue.limits == [2]
    assert len(world.in_flight) == 3


def test_a_full_table_is_told_once_and_a_context_has_its_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.consumer.consumer.ROOM_WAIT", 0.0)
    world = World(limit=1)
    body = f'{{"sessionId": "{session_id(1)}", "context": {{"a": 1}}, "note": "not kept"}}'
    world.queue.waiting = [a_received_message(body)]
    stop, looks = Event(), list[int]()
    wait = world.in_flight.wait_for_room

    def counted(seconds: float) -> int:
        room = wait(seconds)
        looks.append(room)
        if len(looks) == 5:
            stop.set()
        return room

    monkeypatch.setattr(world.in_flight, "wait_for_room", counted)
    with capture_logs() as logs:
        world.consumer.run(stop, a_beat(world.clock))
    assert looks == [1, 0, 0, 0, 0]
    assert [entry["event"] for entry in logs] == ["in_flight_limit_reached"]
    [session] = world.in_flight.of(session_id(1))
    assert session.context_bytes > 0


def test_no_more_is_received_than_the_queue_gives_at_once() -> None:
    world = World(limit=100)
    world.queue.waiting = [a_message(number) for number in range(25)]
    run_until_idle(world)
    assert world.queue.limits == [10, 10, 10, 10]
    assert len(world.in_flight) == 25


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not an id", DeadReason.INVALID_SESSION_ID),
        ("{", DeadReason.INVALID_MESSAGE),
        (f'{{"sessionId": "{session_id(1)}", "policy": "nope"}}', DeadReason.UNKNOWN_POLICY),
        ("x" * 300_000, DeadReason.TOO_LARGE),
    ],
)
def test_an_unservable_message_is_dead_lettered_with_its_reason_and_harms_no_other(
    body: str, reason: DeadReason
) -> None:
    world = World()
    take_in(world, a_message(2), a_received_message(body, 1), a_message(3))
    world.dead_letter()
    [(delivery, why, detail)] = world.queue.dead_letters
    assert (delivery.lease, why) == (a_lease(1, "one-batch"), reason)
    assert detail
    assert len(world.in_flight) == 2
    assert world.labelled("watcher_dead_letters_total", reason=reason.value) == 1
    assert world.labelled("watcher_sessions_received_total") == 2


def test_a_required_policy_that_is_missing_makes_a_dead_letter_and_one_that_is_named_does_not() -> None:
    world = World()
    world.active_rules.swap(replace(world.active_rules.rules, require_policy=True))
    named = a_received_message(f'{{"sessionId": "{session_id(2)}", "policy": "default"}}', 2)
    take_in(world, a_message(1), named)
    world.dead_letter()
    assert [(delivery.lease.message_id, why) for delivery, why, _ in world.queue.dead_letters] == [
        ("1", DeadReason.MISSING_POLICY)
    ]
    assert world.labelled("watcher_dead_letters_total", reason="missing_policy") == 1
    assert len(world.in_flight) == 1


def test_a_message_that_the_queue_found_a_fault_with_makes_a_dead_letter() -> None:
    world = World()
    take_in(world, replace(a_message(1), fault="has lost attributes"))
    world.dead_letter()
    [(_, why, detail)] = world.queue.dead_letters
    assert (why, detail) == (DeadReason.INVALID_MESSAGE, "has lost attributes")
    assert len(world.in_flight) == 0


def test_a_place_for_dead_letters_that_is_down_or_hangs_costs_the_consumer_no_time() -> None:
    world = World()
    began = world.clock.monotonic()
    world.calls.on(
        "dead_letter", lambda: world.clock.advance(21.3)
    )  # tries that each hang, as long as a queue goes on with them
    world.calls.break_down("dead_letter", QueueError("down"))
    world.queue.waiting = [
        a_received_message("x", 0),
        *(a_message(number) for number in range(1, 30)),
        a_received_message("y", 30),
    ]
    run_until_idle(world)
    assert world.clock.monotonic() == began
    assert len(world.scheduler) == 29


def test_a_batch_of_dead_letters_asks_nothing_of_the_ledger() -> None:
    world = World()
    take_in(world, a_received_message("x"))
    world.dead_letter()
    assert world.calls.names == ["dead_letter"]


def test_duplicates_join_in_one_batch_and_over_two() -> None:
    world = World()
    take_in(world, a_message(1), a_received_message(session_id(1), 2))
    take_in(world, a_received_message(session_id(1), 3))
    assert len(world.in_flight) == len(world.scheduler) == 1
    assert {lease.message_id for lease in held(world.in_flight)} == {"1", "2", "3"}
    assert world.labelled("watcher_sessions_received_total") == 3


def test_the_same_session_under_another_policy_is_another_session() -> None:
    world = World(policies={"payout": DecisionRules(95.0)})
    take_in(world, a_message(1), a_received_message(f'{{"sessionId": "{session_id(1)}", "policy": "payout"}}', 2))
    assert len(world.in_flight) == 2


def test_a_decided_session_is_answered_from_the_ledger_and_never_polled() -> None:
    world = World()
    key = SessionKey(session_id(1), "default")
    world.ledger.entries[key] = LedgerEntry(DecisionEvent(key, "{}"), 1.0)
    take_in(world, a_message(1))
    assert len(world.scheduler) == 0
    with running(world) as outbox:
        outbox.drain()
    assert [event.body for event in world.sinks["a"].events] == ["{}"]


def test_a_ledger_that_is_down_is_waited_for() -> None:
    world = World()
    world.calls.fail("find", LedgerError("locked"), LedgerError("locked"))
    take_in(world, a_message(1))
    assert len(world.in_flight) == 1
    assert world.readiness.problems() == {}


def test_with_the_ledger_down_at_the_stop_the_messages_are_given_back() -> None:
    world = World()
    world.calls.break_down("find", LedgerError("locked"))
    take_in(world, a_message(1), a_message(2), stop=stopped())
    assert world.queue.released == [a_lease(1, "one-batch"), a_lease(2, "one-batch")]
    assert len(world.in_flight) == 0
    assert world.readiness.problems() == {"ledger": "locked"}


def test_with_ledger_and_queue_down_at_the_stop_the_leases_are_left_to_run_out() -> None:
    """Queue and ledger are one SQLite file by default: they fail together, and that must not fail a clean stop."""
    world = World()
    world.calls.break_down("find", LedgerError("locked"))
    world.calls.break_down("release", QueueError("locked"))
    take_in(world, a_message(1), stop=stopped())
    assert world.calls.names == ["find", "release"]


def test_a_queue_that_fails_is_asked_again_and_told_to_readiness() -> None:
    world = World()
    world.calls.fail("receive", QueueError("down"), QueueError("down"))
    world.queue.waiting = [a_message(1)]
    run_until_idle(world)
    assert len(world.in_flight) == 1
    assert world.readiness.problems() == {}


def test_a_queue_that_is_down_at_the_stop_ends_the_consumer_quietly() -> None:
    world = World()
    stop = Event()
    world.calls.break_down("receive", QueueError("down"))
    thread = Thread(target=world.consumer.run, args=(stop, a_beat(world.clock)))
    thread.start()
    world.calls.wait_for("receive", 3)
    assert world.readiness.problems() == {"queue": "down"}
    stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_after_a_stop_nothing_is_received() -> None:
    world = World()
    world.consumer.run(stopped(), a_beat(world.clock))
    assert world.calls.names == []


def test_a_session_whose_decision_can_not_be_read_is_not_decided_anew() -> None:
    world = World()
    key = SessionKey(session_id(1), "default")
    world.ledger.entries[key] = LedgerEntry(DecisionEvent(key, "damaged"), 1.0, fault="damaged")
    take_in(world, a_message(1), a_message(2))
    world.dead_letter()
    [(_, why, detail)] = world.queue.dead_letters
    assert (why, detail) == (DeadReason.UNREADABLE_DECISION, "damaged")
    assert world.labelled("watcher_dead_letters_total", reason="unreadable_decision") == 1
    assert len(world.scheduler) == 1


@pytest.mark.parametrize("step", [-3600.0, -200.0, -60.0, 60.0, 200.0, 3600.0])
def test_a_step_of_the_wall_clock_moves_no_creation_and_no_deadline(step: float) -> None:
    world = World()
    sent, now = world.clock.time(), world.clock.monotonic()
    body = json.dumps({"sessionId": session_id(1), "createdAt": timestamp(sent - 3.0)})
    delivery = replace(a_received_message(body, 1, sent), sent_monotonic=now)
    world.clock.advance(10.0)
    world.clock.set_wall(world.clock.time() + step)
    take_in(world, delivery)
    due = world.scheduler.take()
    assert isinstance(due, Due)
    assert (due.session.created_at, due.session.created_monotonic, due.session.deadline) == (
        sent - 3.0,
        now - 3.0,
        now + 177.0,
    )
    assert not due.session.expired_on_receipt
    # The same session's second message was sent after the step: the first one's creation stands.
    again = replace(a_received_message(session_id(1), 2, sent + 11.0 + step), sent_monotonic=now + 11.0)
    take_in(world, again)
    assert (due.session.created_at, due.session.deadline) == (sent - 3.0, now + 177.0)


def test_an_earlier_message_that_comes_later_moves_no_deadline() -> None:
    world = World()
    sent, now = world.clock.time(), world.clock.monotonic()
    take_in(world, replace(a_message(1, sent + 3600.0), sent_monotonic=now))
    take_in(world, replace(a_received_message(session_id(1), 2, sent - 20.0), sent_monotonic=now - 20.0))
    due = world.scheduler.take()
    assert isinstance(due, Due)
    assert (due.session.created_at, due.session.created_monotonic, due.session.deadline) == (
        sent + 3600.0,
        now,
        now + 180.0,
    )


def test_a_queue_that_knows_only_wall_times_makes_no_session_younger_than_new() -> None:
    world = World()
    now = world.clock.monotonic()
    take_in(world, a_message(1, world.clock.time() + 200.0))
    due = world.scheduler.take()
    assert isinstance(due, Due)
    assert (due.session.created_at, due.session.created_monotonic) == (world.clock.time() + 200.0, now)
