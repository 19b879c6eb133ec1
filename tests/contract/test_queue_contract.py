"""What every queue has to do."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from tests.contract.backends import QueueBackend
from watcher.domain.errors import QueueError
from watcher.domain.model import DeadReason, Lease, ReceivedMessage
from watcher.domain.ports import Queue

NEVER = Event()
LIMIT = 256 * 1024


def receive(queue: Queue, limit: int = 10) -> list[ReceivedMessage]:
    return queue.receive(limit, 0, NEVER)


def receive_one(queue: Queue) -> ReceivedMessage:
    (delivery,) = receive(queue, 1)
    return delivery


def test_what_is_sent_is_received_once_with_its_time(queue: Queue, queues: QueueBackend) -> None:
    sent_at = queues.now()
    queue.send(["a", "ü 💡", '{"sessionId": "x"}'])
    queues.let_pass(7)
    deliveries = receive(queue)
    assert sorted(d.body for d in deliveries) == sorted(["a", "ü 💡", '{"sessionId": "x"}'])
    assert {d.lease.receive_count for d in deliveries} == {1}
    assert {d.sent_at for d in deliveries} == {sent_at}
    assert receive(queue) == []


def test_an_empty_queue_gives_nothing(queue: Queue) -> None:
    assert receive(queue) == []


def test_no_more_is_received_than_was_asked_for(queue: Queue) -> None:
    queue.send([str(n) for n in range(8)])
    assert len(receive(queue, 3)) == 3
    assert receive(queue, 0) == []


def test_no_more_is_received_than_a_batch(queue: Queue) -> None:
    queue.send([str(n) for n in range(queue.max_batch + 1)])
    assert len(receive(queue, queue.max_batch * 10)) == queue.max_batch


def test_a_stop_that_came_before_takes_no_lease(queue: Queue) -> None:
    stop = Event()
    stop.set()
    queue.send(["a"])
    assert queue.receive(1, 20, stop) == []
    assert receive_one(queue).lease.receive_count == 1


def test_a_leased_message_is_nobody_elses(queue: Queue, queues: QueueBackend) -> None:
    queue.send(["a"])
    receive_one(queue)
    queues.let_pass(59)
    assert receive(queues.open()) == []


def test_an_expired_lease_is_redelivered_to_another_watcher(queue: Queue, queues: QueueBackend) -> None:
    queue.send(["a"])
    first = receive_one(queue)
    queues.let_pass(61)
    second = receive_one(queues.open())
    assert (second.body, second.sent_at) == (first.body, first.sent_at)
    assert second.lease.receive_count == 2
    assert second.lease.receipt != first.lease.receipt


def test_a_lost_lease_is_not_acked(queue: Queue, queues: QueueBackend) -> None:
    other = queues.open()
    queue.send(["a"])
    lost = receive_one(queue).lease
    queues.let_pass(61)
    held = receive_one(other).lease
    assert queue.ack([lost]) == [lost]
    assert other.ack([held]) == []


def test_a_lost_lease_is_not_extended(queue: Queue, queues: QueueBackend) -> None:
    other = queues.open()
    queue.send(["a"])
    lost = receive_one(queue).lease
    queues.let_pass(61)
    receive_one(other)
    queues.let_pass(30)
    assert queue.extend([lost]) == [lost]
    queues.let_pass(31)
    assert receive_one(queue).lease.receive_count == 3


def test_a_lost_lease_is_not_released(queue: Queue, queues: QueueBackend) -> None:
    queue.send(["a"])
    lost = receive_one(queue).lease
    queues.let_pass(61)
    receive_one(queues.open())
    queue.release([lost])
    assert receive(queue) == []


def test_a_lost_lease_is_not_dead_lettered(queue: Queue, queues: QueueBackend) -> None:
    other = queues.open()
    queue.send(["a"])
    lost = receive_one(queue)
    queues.let_pass(61)
    held = receive_one(other)
    assert queue.dead_letter(lost, DeadReason.INVALID_MESSAGE, "too late") is None
    assert queues.dead_letters(queue).list(10) == []
    assert other.ack([held.lease]) == []


def test_an_extended_lease_lasts_a_full_time_out_from_then(queue: Queue, queues: QueueBackend) -> None:
    queue.send(["a"])
    delivery = receive_one(queue)
    queues.let_pass(50)
    assert queue.extend([delivery.lease]) == []
    queues.let_pass(59)
    assert receive(queue) == []
    queues.let_pass(2)
    assert receive_one(queue).lease.receive_count == 2


def test_an_acked_message_never_comes_back(queue: Queue, queues: QueueBackend) -> None:
    queue.send(["a"])
    assert queue.ack([receive_one(queue).lease]) == []
    queues.let_pass(1000)
    assert receive(queue) == []


def test_only_the_lost_leases_of_a_batch_are_told(queue: Queue) -> None:
    queue.send(["a", "b", "c"])
    leases = [delivery.lease for delivery in receive(queue)]
    queue.ack(leases[1:2])
    stranger = Lease("no such receipt", leases[0].message_id)
    assert queue.extend([*leases, stranger]) == [leases[1], stranger]
    assert queue.ack([stranger, *leases]) == [stranger, leases[1]]


def test_nothing_to_do_is_no_mistake(queue: Queue) -> None:
    assert queue.extend([]) == []
    assert queue.ack([]) == []
    queue.release([])
    queue.send([])
    assert queue.depth().visible == 0


def test_a_released_message_is_there_at_once(queue: Queue, queues: QueueBackend) -> None:
    queue.send(["a"])
    lease = receive_one(queue).lease
    queue.release([lease])
    assert receive_one(queues.open()).lease.receive_count == 2
    assert queue.ack([lease]) == [lease]


@pytest.mark.parametrize("use", ["ack", "extend", "release", "dead_letter"])
def test_a_released_lease_is_lost(queue: Queue, use: str) -> None:
    queue.send(["a"])
    delivery = receive_one(queue)
    queue.release([delivery.lease])
    if use == "release":
        queue.release([delivery.lease])
    elif use == "dead_letter":
        assert queue.dead_letter(delivery, DeadReason.INVALID_MESSAGE, "too late") is None
    else:
        assert getattr(queue, use)([delivery.lease]) == [delivery.lease]
    again = receive_one(queue)
    assert again.lease.receive_count == 2
    assert queue.ack([again.lease]) == []


def test_expired_leases_come_again_the_oldest_message_first(queue: Queue, queues: QueueBackend) -> None:
    if not queues.delivers_once:
        pytest.skip("SQS promises no order")
    queue.send(["a", "b", "c"])
    first, *later = [delivery.lease for delivery in receive(queue)]
    queues.let_pass(30)
    assert queue.extend([first]) == []  # its lease ends last, and it is the oldest all the same
    queue.release(later[1:])
    queues.let_pass(61)
    assert [delivery.body for delivery in receive(queue)] == ["a", "b", "c"]


def test_what_is_given_back_in_time_is_there_and_a_second_close_is_harmless(queues: QueueBackend) -> None:
    queue = queues.open()
    queue.send(["a"])
    queue.release([receive_one(queue).lease], 30.0)
    queue.close(0.0)
    queue.close()
    assert receive_one(queues.open()).lease.receive_count == 2


def test_what_is_too_large_is_refused_and_nothing_of_its_batch_goes_in(queue: Queue) -> None:
    with pytest.raises(QueueError, match=r"message 2 .*262144"):
        queue.send(["a", "ü" * (LIMIT // 2) + "b"])
    assert receive(queue) == []
    queue.send(["ü" * (LIMIT // 2)])
    assert len(receive_one(queue).body.encode()) == LIMIT


def test_text_that_is_no_unicode_is_refused(queue: Queue) -> None:
    with pytest.raises(QueueError, match="message 1 is not valid text"):
        queue.send(["\ud800"])


def test_depth_tells_waiting_leased_dead_and_the_oldest(queue: Queue, queues: QueueBackend) -> None:
    assert queue.depth().oldest_age is None
    queue.send(["a", "b", "c", "d"])
    queues.let_pass(10)
    deliveries = receive(queue, 2)
    queue.dead_letter(deliveries[0], DeadReason.INVALID_MESSAGE, "why")
    depth = queue.depth()
    assert (depth.visible, depth.leased, depth.dead) == (2, 1, 1)
    assert depth.oldest_age == (10 if queues.tells_age else None)
    queues.let_pass(61)
    assert (queue.depth().visible, queue.depth().leased) == (3, 0)


def test_a_dead_lettered_message_is_a_dead_letter_with_its_reason(queue: Queue, queues: QueueBackend) -> None:
    sent_at = queues.now()
    queue.send(["rubbish \ud7ff"])
    queues.let_pass(5)
    letter_id = queue.dead_letter(receive_one(queue), DeadReason.INVALID_SESSION_ID, "no ünique id")
    (letter,) = queues.dead_letters(queue).list(10)
    assert letter.id == letter_id
    assert (letter.body, letter.reason, letter.detail) == ("rubbish \ud7ff", "invalid_session_id", "no ünique id")
    assert (letter.sent_at, letter.dead_at, letter.receive_count) == (sent_at, sent_at + 5, 1)
    queues.let_pass(1000)
    assert receive(queue) == []


def dead_letter(queue: Queue, bodies: list[str]) -> None:
    queue.send(bodies)
    for delivery in receive(queue, len(bodies)):
        queue.dead_letter(delivery, DeadReason.INVALID_MESSAGE, "why")


def test_the_oldest_dead_letters_are_listed(queue: Queue, queues: QueueBackend) -> None:
    for body in "abc":
        dead_letter(queue, [body])
        queues.let_pass(1)
    assert [letter.body for letter in queues.dead_letters(queue).list(2)] == ["a", "b"]


def test_replayed_dead_letters_are_back_on_the_queue(queue: Queue, queues: QueueBackend) -> None:
    dead_letter(queue, ["a", "b", "c"])
    dead = queues.dead_letters(queue)
    chosen = [letter.id for letter in dead.list(10) if letter.body != "b"]
    assert dead.replay([*chosen, chosen[0], "no such id"]) == 2
    assert [letter.body for letter in dead.list(10)] == ["b"]
    again = receive(queue)
    assert sorted(delivery.body for delivery in again) == ["a", "c"]
    assert queue.ack([delivery.lease for delivery in again]) == []
    assert dead.replay(None) == 1
    assert receive_one(queue).body == "b"


def test_a_replayed_message_can_be_dead_lettered_again(queue: Queue, queues: QueueBackend) -> None:
    dead_letter(queue, ["a"])
    dead = queues.dead_letters(queue)
    dead.replay(None)
    letter_id = queue.dead_letter(receive_one(queue), DeadReason.UNKNOWN_POLICY, "still")
    assert [(letter.id, letter.detail) for letter in dead.list(10)] == [(letter_id, "still")]
    assert letter_id is not None
    assert dead.drop([letter_id]) == 1


def test_dropped_dead_letters_are_gone(queue: Queue, queues: QueueBackend) -> None:
    dead_letter(queue, ["a", "b", "c"])
    dead = queues.dead_letters(queue)
    first = dead.list(1)[0].id
    assert dead.drop([first, "no such id"]) == 1
    assert dead.drop(None) == 2
    assert (dead.drop(None), dead.replay(None), dead.list(10)) == (0, 0, [])
    assert receive(queue) == []


def test_many_receivers_get_each_message_exactly_once(queues: QueueBackend) -> None:
    # SQS promises "at least once", and moto is slow.
    count, receivers = 500 if queues.delivers_once else 80, 4
    queues.open().send([str(n) for n in range(count)])
    start = Barrier(receivers, timeout=30)

    def work(queue: Queue) -> list[str]:
        start.wait()
        bodies: list[str] = []
        while deliveries := receive(queue, 7):
            bodies += [delivery.body for delivery in deliveries]
            assert queue.extend([delivery.lease for delivery in deliveries]) == []
            assert queue.ack([delivery.lease for delivery in deliveries[::2]]) == []
        return bodies

    with ThreadPoolExecutor(receivers) as pool:
        received = list(pool.map(work, [queues.open() for _ in range(receivers)]))
    bodies = Counter(body for bodies in received for body in bodies)
    assert bodies.keys() == {str(n) for n in range(count)}
    assert bodies.total() == count or not queues.delivers_once


def test_one_queue_serves_many_threads(queues: QueueBackend) -> None:
    queue = queues.open()

    def work(number: int) -> list[str]:
        queue.send([f"{number}-{n}" for n in range(5)])
        return take(5)

    def take(limit: int) -> list[str]:
        deliveries = receive(queue, limit)
        queue.ack([delivery.lease for delivery in deliveries])
        return [delivery.body for delivery in deliveries]

    # Moto's own threads get in one another's way now and then, with status 500: fewer of them do so rarely.
    with ThreadPoolExecutor(8 if queues.delivers_once else 2) as pool:
        bodies = {body for taken in pool.map(work, range(40)) for body in taken}
    while queue.depth().visible:  # SQS may hand one out twice, and then another one is left
        bodies |= set(take(10))
    assert bodies == {f"{number}-{n}" for number in range(40) for n in range(5)}
    assert queue.depth().leased == 0
