"""Leases of an SQS queue: extended, deleted and released, each entry by its own answer."""

from typing import Any

import pytest

from tests.support import ManualClock
from tests.unit.queues.sqs.fakes import DELETE, EXTEND, Open, failing, received, take
from watcher.domain.errors import PartialExtendError, QueueError
from watcher.queues.sqs.constants import BATCHING

ATTEMPTS = BATCHING.attempts


def test_leases_are_extended_in_batches_of_ten(opened: Open) -> None:
    queue, client = opened(receive_message=[received(*range(n, n + 10)) for n in (0, 10, 20)])
    leases = [lease for _ in range(3) for lease in take(queue)][:25]
    assert queue.extend(leases) == []
    assert sorted(map(len, client.entries(EXTEND))) == [5, 10, 10]
    assert sorted(r for call in client.entries(EXTEND) for r in call) == sorted(lease.receipt for lease in leases)
    assert {entry["VisibilityTimeout"] for call in client.of(EXTEND) for entry in call["Entries"]} == {60}


@pytest.mark.parametrize(("visibility", "seconds"), [(20, 5.0), (60, 15.0), (80, 20.0), (43_200, 20.0)])
def test_the_tries_of_an_extension_end_in_time_for_the_next_one(
    opened: Open, clock: ManualClock, visibility: float, seconds: float
) -> None:
    tries: list[float] = []

    def slow(parameters: dict[str, Any]) -> dict[str, Any]:
        tries.append(clock.monotonic())
        clock.advance(seconds - 0.5 if len(tries) == 1 else 1.0)
        return failing("InternalError", "r1")(parameters)

    queue, _ = opened(
        visibility=visibility, receive_message=[received(1)], change_message_visibility_batch=[slow] * 5
    )
    (lease,) = take(queue)
    begun = clock.monotonic()
    with pytest.raises(PartialExtendError) as raised:
        queue.extend([lease])
    assert list(raised.value.remaining) == [lease]
    assert tries == [begun, begun + seconds - 0.5], "the third would begin after the time was over"


@pytest.mark.parametrize("code", ["ReceiptHandleIsInvalid", "AWS.SimpleQueueService.MessageNotInflight"])
def test_a_receipt_that_is_not_valid_any_more_is_a_lost_lease(opened: Open, code: str) -> None:
    queue, client = opened(
        receive_message=[received(1, 2)],
        change_message_visibility_batch=[failing(code, "r1", sender_fault=True)],
    )
    leases = take(queue)
    assert queue.extend(leases) == leases[:1]
    assert client.entries(EXTEND) == [["r1", "r2"]]
    assert queue.ack(leases) == leases[:1]
    assert client.entries(DELETE) == [["r2"]]


def test_what_could_not_be_extended_is_an_error_that_tells_the_lost_ones(opened: Open) -> None:
    def answer(parameters: dict[str, Any]) -> dict[str, Any]:
        found = failing("InternalError", "r2")(parameters)
        lost = failing("ReceiptHandleIsInvalid", "r1", sender_fault=True)(parameters)
        return {
            "Failed": found["Failed"] + lost["Failed"],
            "Successful": [e for e in found["Successful"] if e in lost["Successful"]],
        }

    queue, _ = opened(receive_message=[received(1, 2, 3)], change_message_visibility_batch=[answer] * ATTEMPTS)
    leases = take(queue)
    with pytest.raises(PartialExtendError, match="1 of 3 leases were not extended") as caught:
        queue.extend(leases)
    assert (caught.value.remaining, caught.value.lost) == (leases[1:2], leases[:1])
    assert queue.extend(leases) == leases[:1]


def test_a_lease_that_was_not_extended_in_time_is_lost_by_the_clock(opened: Open, clock: ManualClock) -> None:
    queue, client = opened(receive_message=[received(1), received(2)])
    first = take(queue)
    clock.advance(40)
    second = take(queue)
    clock.advance(20)
    assert queue.extend([*first, *second]) == first
    assert client.entries(EXTEND) == [["r2"]]
    clock.advance(59)
    assert queue.ack(second) == []


def test_a_lost_lease_is_never_deleted(opened: Open, clock: ManualClock) -> None:
    queue, client = opened(receive_message=[received(1)])
    leases = take(queue)
    clock.advance(60)
    assert queue.ack(leases) == leases
    assert client.of(DELETE) == []


def test_the_next_lease_to_run_out_is_extended_first(opened: Open, clock: ManualClock) -> None:
    queue, client = opened(receive_message=[received(1), received(2)])
    old = take(queue)
    clock.advance(10)
    assert queue.extend([*take(queue), *old]) == []
    assert client.entries(EXTEND) == [["r1", "r2"]]


def test_acks_that_worked_are_not_forgotten_when_others_failed(opened: Open) -> None:
    queue, client = opened(
        receive_message=[received(1, 2)], delete_message_batch=[failing("InternalError", "r2")] * ATTEMPTS
    )
    leases = take(queue)
    with pytest.raises(QueueError, match="1 of 2 messages were not deleted"):
        queue.ack(leases)
    assert queue.ack(leases) == []
    assert client.entries(DELETE)[-1] == ["r2"]
    assert queue.ack(leases) == leases


def test_a_message_is_acked_once_however_often_it_is_named(opened: Open) -> None:
    queue, client = opened(receive_message=[received(1)])
    (lease,) = take(queue)
    assert queue.ack([lease, lease]) == []
    assert client.entries(DELETE) == [["r1"]]


def test_release_gives_back_in_the_order_asked_for(opened: Open, clock: ManualClock) -> None:
    queue, client = opened(receive_message=[received(1), received(2, 3)])
    leases = take(queue)
    clock.advance(1)
    leases += take(queue)
    queue.release([leases[2], leases[0], leases[1]])
    assert client.entries(EXTEND) == [["r3", "r1", "r2"]]
    assert client.entries(EXTEND, "VisibilityTimeout") == [[0, 0, 0]]
    assert queue.extend(leases) == leases
