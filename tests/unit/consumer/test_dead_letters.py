"""What becomes of messages that can never be served, once the consumer has found that out."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Condition, Event

import pytest
from structlog.testing import capture_logs

from tests.support import SteppingEvent
from tests.unit.support.builders import a_beat, a_received_message
from tests.unit.support.world import World
from watcher.consumer.dead_letters import MAX_PENDING, MAX_PENDING_BYTES, ROLE, ROOM_WAIT
from watcher.domain.errors import InvalidMessage, QueueError
from watcher.domain.model import DeadReason, ReceivedMessage
from watcher.util.retry import MAX_RETRY_WAIT
from watcher.util.threads import Threads

FAULT = InvalidMessage(DeadReason.INVALID_SESSION_ID, "no id")


def put(world: World, *numbers: int) -> list[ReceivedMessage]:
    """Hand these messages over."""
    deliveries = [a_received_message("x", number) for number in numbers]
    for delivery in deliveries:
        world.dead_letters.put(delivery, FAULT)
    return deliveries


def fill(world: World) -> list[ReceivedMessage]:
    return put(world, *range(MAX_PENDING))


def dead_letters(world: World) -> list[ReceivedMessage]:
    return [delivery for delivery, _, _ in world.queue.dead_letters]


def counted(world: World) -> float | None:
    return world.labelled("watcher_dead_letters_total", reason=FAULT.reason.value)


def stopped() -> Event:
    stop = Event()
    stop.set()
    return stop


class Waits(Condition):
    """Lets something happen instead of waiting, and notes for how long it should have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.happens: Callable[[], object] = lambda: None
        self.seconds: list[float | None] = []

    def wait_for(self, predicate: Callable[[], object], timeout: float | None = None) -> bool:  # type: ignore[override]
        if not predicate():
            self.seconds.append(timeout)
            self.happens()
        return bool(predicate())


def test_they_are_dead_lettered_in_order_counted_and_told() -> None:
    world = World()
    deliveries = put(world, 1, 2, 3)
    with capture_logs() as logs:
        world.dead_letter()
    assert world.queue.dead_letters == [(delivery, FAULT.reason, "no id") for delivery in deliveries]
    assert counted(world) == 3
    told = [(line["event"], line["message_id"], line["dead_letter_id"], line["detail"]) for line in logs]
    assert told == [("message_dead_lettered", f"{number}", f"dead-{number}", "no id") for number in (1, 2, 3)]


@pytest.mark.usefixtures("no_waiting")
def test_one_that_fails_is_tried_again_and_told_to_readiness_until_it_works() -> None:
    world = World()
    problems: list[dict[str, str]] = []
    world.calls.on("dead_letter", lambda: problems.append(world.readiness.problems()))
    world.calls.fail("dead_letter", QueueError("down"), QueueError("down"))
    [delivery] = put(world, 1)
    with capture_logs() as logs:
        world.dead_letter()
    assert problems == [{}, {"dead letters": "down"}, {"dead letters": "down"}]
    assert (dead_letters(world), counted(world), world.readiness.problems()) == ([delivery], 1, {})
    assert [line["event"] for line in logs] == [
        "component_unavailable",
        "component_recovered",
        "message_dead_lettered",
    ]
    assert logs[0]["consequence"] == "what can't be served comes again"


def test_a_place_that_stays_down_is_tried_after_growing_pauses() -> None:
    world = World()
    stop = SteppingEvent(world.clock)
    world.calls.fail("dead_letter", *[QueueError("down")] * 100)
    put(world, 1)
    world.dead_letter(stop)
    assert len(stop.waits) == 100
    assert max(stop.waits[:3]) <= 0.8
    assert 5.0 < max(stop.waits) <= MAX_RETRY_WAIT


def test_one_that_was_not_put_aside_is_no_dead_letter_yet() -> None:
    world = World()
    world.queue.has_dead_letters = False
    put(world, 1, 1)
    with capture_logs() as logs:
        world.dead_letter()
    assert logs == []  # the queue tells why, with its fix
    assert counted(world) == 0
    world.queue.has_dead_letters = True
    put(world, 1)
    world.dead_letter()
    assert counted(world) == 1


def test_after_a_stop_the_first_failure_ends_it_and_what_is_left_is_no_dead_letter() -> None:
    world = World()
    first, _, _ = put(world, 1, 2, 3)
    world.calls.on("dead_letter", lambda: world.calls.break_down("dead_letter", QueueError("down")))
    world.dead_letter(stopped())
    assert (world.calls.names, dead_letters(world), counted(world)) == (["dead_letter", "dead_letter"], [first], 1)


def test_after_a_stop_what_is_left_is_dead_lettered_where_that_works() -> None:
    world = World()
    deliveries = put(world, 1, 2, 3)
    world.dead_letter(stopped())
    assert dead_letters(world) == deliveries


def test_what_comes_while_dead_lettering_works_waits_for_a_place() -> None:
    """The consumer receives no more of a flood than can be dead-lettered: no lease runs out for that alone."""
    world = World(room=(changed := Waits()))
    deliveries = fill(world)
    changed.happens = world.dead_letter
    deliveries += put(world, 900)
    assert changed.seconds == [ROOM_WAIT]
    world.dead_letter()
    assert dead_letters(world) == deliveries


def test_while_nothing_can_be_put_aside_nobody_waits_and_what_finds_no_place_is_left_to_its_lease() -> None:
    world = World(room=(changed := Waits()))
    deliveries = fill(world)
    world.calls.break_down("dead_letter", QueueError("denied"))
    world.dead_letter(stopped())
    put(world, *range(900, 950))
    assert changed.seconds == []
    world.calls.repair("dead_letter")
    world.dead_letter()
    assert dead_letters(world) == deliveries
    [again] = put(world, 900)
    world.dead_letter()
    assert dead_letters(world) == [*deliveries, again]


def test_a_failure_ends_the_wait_for_a_place() -> None:
    world = World(room=(changed := Waits()))
    deliveries = fill(world)
    world.calls.break_down("dead_letter", QueueError("denied"))
    changed.happens = lambda: world.dead_letter(stopped())
    put(world, 900)
    assert len(changed.seconds) == 1
    world.calls.repair("dead_letter")
    world.dead_letter()
    assert dead_letters(world) == deliveries


def test_a_call_that_hangs_and_does_not_even_fail_holds_up_one_message_for_a_moment() -> None:
    world = World(room=(changed := Waits()))
    deliveries = fill(world)
    put(world, *range(900, 950))
    assert len(changed.seconds) == 1
    world.dead_letter()
    assert dead_letters(world) == deliveries
    fill(world)  # dead letters work again
    put(world, 900)
    assert len(changed.seconds) == 2


def test_the_thread_rests_while_there_is_nothing_to_dead_letter_and_counts_from_where_it_began() -> None:
    world, beat = World(), a_beat()
    silences: list[float] = []

    def hang() -> None:
        world.clock.advance(7.0)
        silences.append(beat.silence())

    beat = a_beat(world.clock)
    world.calls.on("dead_letter", hang)
    put(world, 1, 2)
    world.dead_letters.close()
    world.dead_letters.run(Event(), beat)
    assert silences == [7.0, 7.0]
    world.clock.advance(600.0)
    assert beat.silence() == 0.0


class Joined(Threads):
    """Threads that are only asked for, and that end at once."""

    def __init__(self) -> None:
        self.roles: list[str] = []

    def join(self, roles: Iterable[str], deadline: float) -> bool:
        self.roles.extend(roles)
        return True


def test_a_drain_waits_for_what_is_left() -> None:
    world, threads = World(), Joined()
    put(world, 1)
    world.dead_letters.drain(threads, 1.0)
    assert threads.roles == [ROLE]


def test_a_drain_does_not_wait_for_dead_letters_that_are_stuck() -> None:
    """They may never work again, and all of the drain's time would be gone, the leases' release included."""
    world, threads = World(), Joined()
    world.calls.fail("dead_letter", QueueError("down"))
    put(world, 1)
    world.dead_letters.run(stopped(), a_beat(world.clock))
    world.dead_letters.drain(threads, 1.0)
    assert threads.roles == []


def test_a_drain_waits_again_once_they_work() -> None:
    world, threads = World(), Joined()
    world.calls.fail("dead_letter", QueueError("down"))
    put(world, 1)
    world.dead_letters.run(stopped(), a_beat(world.clock))
    world.dead_letters.close()
    world.dead_letters.run(stopped(), a_beat(world.clock))
    world.dead_letters.drain(threads, 1.0)
    assert threads.roles == [ROLE]


@pytest.mark.parametrize(
    ("body", "attributes"), [("💡" + "x" * 2**20, {}), ("x", {"a": b"x" * 2**20, "b": "💡" + "x" * 2**20})]
)
def test_large_messages_take_the_room_of_many_until_they_are_dead_lettered(
    body: str, attributes: dict[str, str]
) -> None:
    """With SQS's 1 MiB a hundred of them would take 400 MiB."""
    world = World(room=Waits())
    deliveries = [replace(a_received_message(body, number), attributes=attributes) for number in range(MAX_PENDING)]
    for delivery in deliveries:
        world.dead_letters.put(delivery, FAULT)
    world.dead_letters.close()
    world.dead_letters.run(Event(), a_beat(world.clock))
    kept = dead_letters(world)
    assert kept == deliveries[: len(kept)]
    assert MAX_PENDING_BYTES <= len(kept) * 4 * 2**20 < MAX_PENDING_BYTES + 2 * 4 * 2**20
    world.dead_letters.put(deliveries[-1], FAULT)
    world.dead_letters.run(Event(), a_beat(world.clock))
    assert dead_letters(world) == [*kept, deliveries[-1]]
