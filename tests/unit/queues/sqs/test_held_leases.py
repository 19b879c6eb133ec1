"""Which leases this process holds, by its own clock."""

import pytest

from tests.support import ManualClock
from tests.unit.support.builders import a_lease
from watcher.domain.model import Lease
from watcher.queues.sqs.held_leases import HeldLeases


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def held(clock: ManualClock) -> HeldLeases:
    return HeldLeases(clock, 60.0)


def test_a_lease_counts_from_before_the_call_that_took_it(held: HeldLeases, clock: ManualClock) -> None:
    lease, asked = a_lease(1), clock.monotonic()
    clock.advance(20.0)  # a long poll
    held.take([lease], asked)
    clock.advance(39.9)
    assert held.has(lease)
    clock.advance(0.1)
    assert not held.has(lease)


def test_one_that_has_expired_is_never_held_again(held: HeldLeases, clock: ManualClock) -> None:
    lease = a_lease(1)
    held.take([lease], clock.monotonic())
    clock.advance(60.0)
    assert held.sort_out([lease]) == ([], [lease])
    held.renew([lease], clock.monotonic())
    assert not held.has(lease)


def test_a_renewal_that_comes_after_a_drop_takes_nothing_back(held: HeldLeases, clock: ManualClock) -> None:
    kept, dropped = a_lease(1), a_lease(2)
    held.take([kept, dropped], clock.monotonic())
    held.drop([dropped])
    clock.advance(50.0)
    held.renew([kept, dropped], clock.monotonic())
    clock.advance(50.0)
    assert held.sort_out([kept, dropped]) == ([kept], [dropped])


def test_held_ones_come_once_each_and_the_next_to_expire_first(held: HeldLeases, clock: ManualClock) -> None:
    early, late, lost = a_lease(1), a_lease(2), a_lease(3)
    held.take([early], clock.monotonic())
    clock.advance(5.0)
    held.take([late], clock.monotonic())
    assert held.sort_out([late, lost, early, late]) == ([early, late], [lost])


def test_a_lease_that_is_acked_while_it_is_extended_is_not_held_again(clock: ManualClock) -> None:
    held, lease = HeldLeases(clock, 60), Lease("r1", "m1")
    held.take([lease], clock.monotonic())
    held.drop([lease])
    held.renew([lease], clock.monotonic())
    assert held.sort_out([lease]) == ([], [lease])
