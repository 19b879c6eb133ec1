from tests.support import ManualClock, decision
from tests.unit.support.builders import a_session
from watcher.delivery.pending import DeliveryQueue, PendingDelivery

CLOCK = ManualClock()


def pending_of(count: int, *, failed: tuple[int, ...] = ()) -> list[PendingDelivery]:
    made = [PendingDelivery(a_session(number, CLOCK), decision(number)) for number in range(count)]
    for number in failed:
        made[number].first_failure = 0
    return made


def test_a_trial_is_with_the_first_that_never_failed_and_the_others_keep_their_order() -> None:
    queue, pending = DeliveryQueue(), pending_of(5, failed=(0, 1, 4))
    queue.add(pending)
    assert queue.take_trial() == pending[2:3]
    assert queue.take_trial() == pending[3:4]
    assert queue.take_trial() == pending[:1]
    assert queue.take(5) == [pending[1], pending[4]]
    assert (queue.take_trial(), len(queue)) == ([], 0)


def test_a_trial_is_rather_with_one_that_was_in_no_batch_that_failed() -> None:
    queue, pending = DeliveryQueue(), pending_of(4, failed=(0,))
    queue.add(pending)
    queue.put_back(queue.take(3))
    assert queue.take_trial() == pending[3:]
    assert queue.take_trial() == pending[1:2]


def test_what_was_not_tried_is_next_again_in_its_order() -> None:
    queue, pending = DeliveryQueue(), pending_of(4)
    queue.add(pending)
    queue.put_back(queue.take(3)[1:])
    assert queue.take(5) == pending[1:]


def test_those_whose_leases_are_lost_are_dropped() -> None:
    queue, pending = DeliveryQueue(), pending_of(3)
    pending[1].session.is_abandoned = True
    queue.add(pending)
    queue.drop_abandoned()
    assert queue.take(5) == [pending[0], pending[2]]
