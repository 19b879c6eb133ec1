"""Leases and ages of the embedded queue while somebody sets the wall clock."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support import START, ManualClock
from tests.unit.support.sqlite_queue import receive
from watcher.domain.errors import QueueError
from watcher.domain.model import DeadReason, ReceivedMessage
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.queues.sqlite.schema import SCHEMA
from watcher.util.sqlite_file import Schema, SqliteFile

STEPS = [-3600.0, -200.0, -60.0, 60.0, 200.0, 3600.0]

Open = Callable[[int | None], SqliteQueue]


@pytest.fixture
def opened(path: Path, clock: ManualClock) -> Iterator[Open]:
    """Opens the queue for a process of this boot."""
    with ExitStack() as stack:
        yield lambda boot: stack.enter_context(closing(SqliteQueue(path, 60, clock, boot=boot)))


@pytest.mark.parametrize("step", STEPS)
def test_a_step_moves_no_lease(opened: Open, clock: ManualClock, step: float) -> None:
    mine, other = opened(1), opened(1)
    mine.send(["a"])
    (delivery,) = receive(mine)
    clock.set_wall(START + step)
    assert receive(mine) == receive(other) == []
    assert (mine.depth().leased, mine.extend([delivery.lease])) == (1, [])
    clock.advance(59)
    assert receive(mine) == receive(other) == []
    clock.advance(2)
    (again,) = receive(other)
    assert (again.lease.receive_count, mine.ack([delivery.lease])) == (2, [delivery.lease])


@pytest.mark.parametrize("step", STEPS)
def test_a_step_changes_neither_the_sent_time_nor_the_age(opened: Open, clock: ManualClock, step: float) -> None:
    queue = opened(1)
    sent = clock.monotonic()
    queue.send(["a"])
    clock.advance(20)
    clock.set_wall(clock.time() + step)
    assert queue.depth().oldest_age == 20
    (delivery,) = receive(queue)
    assert (delivery.sent_at, delivery.sent_monotonic) == (START, sent)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("is_apart", [False, True])
def test_a_replayed_message_keeps_its_age(tmp_path: Path, clock: ManualClock, step: float, is_apart: bool) -> None:
    dead = tmp_path / "dead.db" if is_apart else None
    with closing(SqliteQueue(tmp_path / "q.db", 60, clock, dead, boot=1)) as queue:
        sent = clock.monotonic()
        queue.send(["a"])
        queue.dead_letter(receive(queue)[0], DeadReason.UNKNOWN_POLICY, "why")
        clock.advance(20)
        clock.set_wall(clock.time() + step)
        assert queue.dead_letters.replay(None) == 1
        (delivery,) = receive(queue)
    assert (delivery.sent_at, delivery.sent_monotonic) == (START, sent)


@pytest.mark.parametrize("boot", [2, None])
def test_after_a_reboot_the_wall_clock_decides(opened: Open, clock: ManualClock, boot: int | None) -> None:
    before, after = opened(1), opened(boot)
    before.send(["a"])
    receive(before)
    clock.advance(30)
    assert (receive(after), after.depth().oldest_age) == ([], 30)
    clock.advance(31)
    (again,) = receive(after)
    assert (again.lease.receive_count, again.sent_monotonic) == (2, clock.monotonic() - 61)


def test_after_a_reboot_a_lease_from_the_future_is_over(opened: Open, clock: ManualClock) -> None:
    before, after = opened(1), opened(2)
    before.send(["a"])
    receive(before)
    clock.set_wall(START - 7200)
    (again,) = receive(after)
    assert (again.lease.receive_count, again.sent_monotonic) == (2, clock.monotonic())


def test_after_a_reboot_a_clock_that_is_set_back_a_little_only_makes_a_lease_longer(
    opened: Open, clock: ManualClock
) -> None:
    before, after = opened(1), opened(2)
    before.send(["a"])
    receive(before)
    clock.advance(30)
    clock.set_wall(START + 28)
    assert (receive(after), after.depth().leased) == ([], 1)


def test_a_longer_lease_of_another_process_counts(path: Path, opened: Open, clock: ManualClock) -> None:
    queue = opened(1)
    with closing(SqliteQueue(path, 3600, clock, boot=1)) as patient:
        queue.send(["a"])
        assert len(receive(patient)) == 1
        clock.advance(3599)
        assert receive(queue) == []
        clock.advance(2)
        assert len(receive(queue)) == 1


def test_a_file_that_knows_only_wall_times_is_taken_over_with_its_leases(
    path: Path, opened: Open, clock: ManualClock
) -> None:
    with closing(SqliteFile(path, Schema("queue", SCHEMA.steps[:1]), QueueError)):
        pass
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("INSERT INTO queue_messages (sent_at, body) VALUES (?, 'waits')", (START - 5,))
        old.execute(
            """INSERT INTO queue_messages (sent_at, token, visible_at, lease_seconds, body)
                VALUES (?, 't', ?, 60, 'leased')""",
            (START - 5, START + 40),
        )
    queue = opened(1)
    (delivery,) = receive(queue)
    assert (delivery.body, delivery.sent_at, delivery.sent_monotonic) == ("waits", START - 5, clock.monotonic() - 5)
    clock.advance(41)
    assert [delivery.body for delivery in receive(queue)] == ["leased"]


def test_a_lease_begins_once_the_file_is_unlocked(path: Path, clock: ManualClock, opened: Open) -> None:
    class SlowLock(ManualClock):
        """Between the look and the lock, another watcher takes the message, and time passes."""

        def time(self) -> float:
            if not leased:
                leased.extend(receive(other))
            return super().time()

    leased: list[ReceivedMessage] = []
    other = opened(1)
    other.send(["a"])
    with closing(SqliteQueue(path, 60, SlowLock(), boot=1)) as late:
        assert receive(late) == []
    assert other.ack([leased[0].lease]) == []
