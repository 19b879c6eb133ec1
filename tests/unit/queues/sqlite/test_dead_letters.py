"""The embedded queue's dead letters: in its own file, or one that several queues share."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.support import START, ManualClock
from tests.unit.support.sqlite_queue import receive, write
from watcher.domain.model import DeadReason
from watcher.queues.sqlite.queue import SqliteQueue


@pytest.mark.parametrize(
    ("put", "body"),
    [
        (b"caf\xc3\xa9 as a blob", "café as a blob"),
        (b"\xff\xfe no utf-8", "\ufffd\ufffd no utf-8"),
        (17, "17"),
        ("x" * 300_000, "x" * 300_000),
    ],
)
def test_what_somebody_else_put_there_is_delivered_and_can_be_dead_lettered(
    queue: SqliteQueue, path: Path, put: object, body: str
) -> None:
    write(path, "INSERT INTO queue_messages (sent_at, body) VALUES (1, ?)", put)
    (delivery,) = receive(queue)
    assert delivery.body == body
    queue.dead_letter(delivery, DeadReason.INVALID_MESSAGE, "strange")
    assert queue.dead_letters.list(10)[0].body == body


def test_a_crash_between_two_files_doubles_no_dead_letter(tmp_path: Path, path: Path, clock: ManualClock) -> None:
    with closing(SqliteQueue(path, 60, clock, tmp_path / "dead.db")) as queue:
        queue.send(["a"])
        # The dead letter is written, then the process dies before the message is deleted.
        write(path, "CREATE TRIGGER crash BEFORE DELETE ON queue_messages BEGIN SELECT RAISE(FAIL, 'crash'); END")
        with pytest.raises(Exception, match="crash"):
            queue.dead_letter(receive(queue)[0], DeadReason.INVALID_MESSAGE, "why")
        write(path, "DROP TRIGGER crash")
        clock.advance(61)
        queue.dead_letter(receive(queue)[0], DeadReason.INVALID_MESSAGE, "why")
        assert [letter.body for letter in queue.dead_letters.list(10)] == ["a"]
        assert queue.depth().visible == queue.depth().leased == 0


def test_one_dead_letter_file_serves_several_queues(tmp_path: Path, clock: ManualClock) -> None:
    for name in ("one.db", "two.db"):
        with closing(SqliteQueue(tmp_path / name, 60, clock, tmp_path / "dead.db")) as queue:
            queue.send([name])
            queue.dead_letter(receive(queue)[0], DeadReason.INVALID_MESSAGE, "why")
            letters = queue.dead_letters.list(10)
    assert [letter.body for letter in letters] == ["one.db", "two.db"]


def test_a_replayed_message_keeps_the_time_it_was_sent(queue: SqliteQueue, clock: ManualClock) -> None:
    queue.send(["a"])
    queue.dead_letter(receive(queue)[0], DeadReason.UNKNOWN_POLICY, "why")
    clock.advance(500)
    queue.dead_letters.replay(None)
    (delivery,) = receive(queue)
    assert (delivery.sent_at, delivery.lease.receive_count) == (START, 1)


@pytest.mark.parametrize("use", ["replay", "drop"])
def test_an_id_counts_once_and_one_that_is_unknown_does_not(queue: SqliteQueue, use: str) -> None:
    queue.send(["a", "b"])
    first, second = (queue.dead_letter(each, DeadReason.TOO_LARGE, "why") for each in receive(queue))
    assert first is not None
    assert getattr(queue.dead_letters, use)([first, first, "999", "no id"]) == 1
    assert [letter.id for letter in queue.dead_letters.list(10)] == [second]
    assert queue.depth().visible == (1 if use == "replay" else 0)


def test_a_message_whose_lease_was_lost_is_not_moved(queue: SqliteQueue, clock: ManualClock) -> None:
    queue.send(["a"])
    (late,) = receive(queue)
    clock.advance(61)
    (taken_over,) = receive(queue)
    assert queue.dead_letter(late, DeadReason.TOO_LARGE, "why") is None
    assert queue.ack([taken_over.lease]) == []
    assert queue.dead_letters.count() == 0


def test_text_that_no_file_can_store_is_stored_as_far_as_it_can(queue: SqliteQueue) -> None:
    queue.send(["a"])
    (delivery,) = receive(queue)
    queue.dead_letter(delivery, DeadReason.INVALID_MESSAGE, "a lone \ud800")
    assert queue.dead_letters.list(1)[0].detail == "a lone ?"


def test_no_more_than_asked_for_is_listed_oldest_first(queue: SqliteQueue, clock: ManualClock) -> None:
    queue.send(["a", "b", "c"])
    for delivery in receive(queue):
        clock.advance(1.0)
        queue.dead_letter(delivery, DeadReason.INVALID_MESSAGE, "why")
    letters = queue.dead_letters.list(2)
    assert [(letter.body, letter.sent_at, letter.dead_at, letter.receive_count) for letter in letters] == [
        ("a", START, START + 1.0, 1),
        ("b", START, START + 2.0, 1),
    ]
