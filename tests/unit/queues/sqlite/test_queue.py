"""The embedded queue's own traits, beyond the contract of all queues."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import START, ManualClock, SteppingEvent
from tests.unit.support.sqlite_plans import plan, traced
from tests.unit.support.sqlite_queue import receive, write
from watcher.queues.sqlite.queue import SqliteQueue


def test_the_oldest_message_comes_first_expired_leases_included(queue: SqliteQueue, clock: ManualClock) -> None:
    queue.send(["a", "b"])
    receive(queue, 1)
    clock.advance(61)
    queue.send(["c"])
    assert [delivery.body for _ in range(3) for delivery in receive(queue, 1)] == ["a", "b", "c"]


def test_messages_survive_closing_and_opening(path: Path, clock: ManualClock) -> None:
    with closing(SqliteQueue(path, 60, clock)) as first:
        first.send(["a", "b"])
        leased = receive(first, 1)[0].lease
    with closing(SqliteQueue(path, 60, clock)) as second:
        assert [delivery.body for delivery in receive(second)] == ["b"]
        assert second.ack([leased]) == []


def test_ids_are_never_used_again(queue: SqliteQueue) -> None:
    queue.send(["a"])
    first = receive(queue)[0].lease
    queue.ack([first])
    queue.send(["b"])
    assert receive(queue)[0].lease.message_id != first.message_id


def test_an_empty_queue_is_looked_at_gently_until_the_wait_is_over(queue: SqliteQueue, clock: ManualClock) -> None:
    stop = SteppingEvent(clock)
    assert queue.receive(10, 2, stop) == []
    assert stop.waits[0] == 0.2
    assert stop.waits[:-1] == sorted(stop.waits[:-1])
    assert max(stop.waits) <= 0.5
    assert sum(stop.waits) == pytest.approx(2)


def test_a_stop_ends_the_wait(queue: SqliteQueue, clock: ManualClock) -> None:
    class StopAtOnce(SteppingEvent):
        def wait(self, timeout: float | None = None) -> bool:
            self.set()
            return super().wait(timeout)

    stop = StopAtOnce(clock)
    assert queue.receive(10, 3600, stop) == []
    assert len(stop.waits) == 1


def test_a_message_that_comes_while_waiting_is_received(queue: SqliteQueue, clock: ManualClock) -> None:
    class SendAtOnce(SteppingEvent):
        def wait(self, timeout: float | None = None) -> bool:
            queue.send(["a"])
            return super().wait(timeout)

    assert [delivery.body for delivery in queue.receive(10, 3600, SendAtOnce(clock))] == ["a"]


def test_an_idle_receive_never_locks_the_file_for_writing(queue: SqliteQueue, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert receive(queue) == []
        writer.execute("ROLLBACK")


def test_the_age_of_the_oldest_is_never_negative(queue: SqliteQueue, clock: ManualClock) -> None:
    queue.send(["a"])
    clock.set_wall(START - 10)
    assert queue.depth().oldest_age == 0


def test_text_that_is_not_utf8_does_not_stop_the_queue(queue: SqliteQueue, path: Path) -> None:
    write(path, "INSERT INTO queue_messages (sent_at, body) VALUES (1, CAST(? AS TEXT))", b"\xff!")
    queue.send(["good"])
    assert [delivery.body for delivery in receive(queue)] == ["\ufffd!", "good"]


FIRST_ROW = "FROM queue_messages ORDER BY id LIMIT 1"
"""The end of a query that reads no more than that."""


@pytest.mark.parametrize("ask", [receive, SqliteQueue.depth], ids=["receive", "depth"])
def test_no_query_of_the_queue_reads_the_whole_table(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, ask: Callable[[SqliteQueue], object]
) -> None:
    asked = traced(monkeypatch)
    with closing(SqliteQueue(path, 60, clock)) as queue:
        queue.send(["a"])
        asked.clear()
        ask(queue)
        queries = [text for text in asked if "queue_messages" in text and not text.endswith(FIRST_ROW)]
        plans = [plan(path, query) for query in queries]
    assert plans
    for steps in plans:
        assert any("COVERING INDEX queue_leases" in step for step in steps), steps
        assert not any(step.startswith("SCAN queue_messages") for step in steps), steps
