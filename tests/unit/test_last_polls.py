"""How sessions end that crowd together at a rate too small for all: the watcher's scheduler and policy."""

from collections import Counter

import pytest

from tests.support import ManualClock
from tests.unit.builders import a_watch, an_answer
from tests.unit.heaps import scheduler
from tests.unit.polling import CREATED, WAITING, policy
from tests.unit.world import World
from watcher.errors import CallTimedOut
from watcher.guards import AHEAD
from watcher.model import SessionStatus
from watcher.policy import Ended, PollAgain, last_poll_at
from watcher.ratelimit import TokenBucket
from watcher.scheduler import Due
from watcher.watch import Watch

OVER = an_answer(SessionStatus.SUCCEEDED)


def crowd_of(number: int, over_at: float, rate: float) -> tuple[list[float], list[float], list[float]]:
    """Seconds from their birth at which such a crowd was decided, at which it was given up, and of the calls."""
    clock = ManualClock()
    heap, rule = scheduler(clock, TokenBucket(rate)), policy(clock)
    for each in range(number):
        heap.add(watch := a_watch(each, clock), clock.monotonic())
    born, decided, given_up, calls = watch.born, list[float](), list[float](), list[float]()
    while len(decided) + len(given_up) < number:
        due = heap.next(clock.monotonic())
        if not isinstance(due, Due):
            clock.advance(due)
            continue
        age = clock.monotonic() - born
        if due.ending is not None:
            given_up.append(age)
            continue
        calls.append(age)
        answer = OVER if age >= over_at else WAITING
        due.watch.saw(answer)
        step = rule.next_step(due.watch, answer)
        if isinstance(step, PollAgain):
            heap.add(due.watch, clock.monotonic() + step.delay)
        else:
            (decided if answer is OVER else given_up).append(age)
    return decided, given_up, calls


@pytest.mark.parametrize(("number", "over_at"), [(40, 171.0), (60, 167.0), (80, 163.0)])
def test_nobody_is_given_up_for_whom_there_would_have_been_a_call(number: int, over_at: float) -> None:
    decided, given_up, _ = crowd_of(number, over_at, rate=5.0)
    assert (len(decided), given_up) == (number, [])


@pytest.mark.parametrize(("number", "rate"), [(40, 5.0), (80, 5.0), (12, 1.0), (3, 25.0)])
def test_who_never_ends_is_given_up_at_the_deadline_and_not_before(number: int, rate: float) -> None:
    _, given_up, calls = crowd_of(number, float("inf"), rate)
    assert len(given_up) == number
    assert min(given_up) >= 179.0 - 1e-6
    assert max(given_up) <= 180.0
    assert max(Counter(map(int, calls)).values()) <= rate + 1


def parted(clock: ManualClock, seconds: float = 15.0) -> Watch:
    """A watch so many seconds before its deadline, whose last poll was brought forward and has just been answered."""
    watch = a_watch(1, clock)
    clock.advance(180.0 - seconds)
    watch.last_poll_by = clock.monotonic()
    watch.saw(WAITING)
    assert isinstance(policy(clock).next_step(watch, WAITING), PollAgain)
    return watch


def test_it_ends_by_its_latest_answer_without_a_call_when_no_turn_came() -> None:
    clock = ManualClock()
    heap = scheduler(clock, TokenBucket(1e-9))
    assert heap._limiter.acquire(clock.monotonic()) == 0.0  # the only call for years
    heap.add(watch := parted(clock), clock.monotonic() + 3.0)
    clock.advance(14.4)
    assert not isinstance(heap.next(clock.monotonic()), Due)
    clock.advance(0.15)
    assert isinstance(due := heap.next(clock.monotonic()), Due)
    assert (due.watch, due.ending) == (watch, WAITING)


def test_those_that_end_do_not_wait_for_those_that_need_a_call() -> None:
    clock = ManualClock()
    heap, watch, unseen = scheduler(clock, TokenBucket(1e-9)), parted(clock), a_watch(2, clock)
    assert heap._limiter.acquire(clock.monotonic()) == 0.0
    unseen.created_at = watch.created_at - 0.2
    for each in (unseen, watch):
        heap.add(each, last_poll_at(each))
    clock.advance(14.6)
    assert isinstance(found := heap.next(clock.monotonic()), Due)
    assert (found.watch, found.ending) == (watch, WAITING)
    assert not isinstance(heap.next(clock.monotonic()), Due)


def test_the_answer_of_another_poll_counts_and_a_fault_does_not() -> None:
    clock = ManualClock()
    watch = parted(clock)
    for observation in (CREATED, CallTimedOut("x")):
        watch.saw(observation)
        assert isinstance(policy(clock).next_step(watch, observation), PollAgain)
    assert watch.parting is CREATED


def test_it_is_not_brought_forward_again_at_the_cost_of_the_unseen() -> None:
    clock = ManualClock()
    heap, watch = scheduler(clock, TokenBucket(2.0)), parted(clock, AHEAD - 1.0)
    heap.add(watch, last_poll_at(watch))
    unseen = [a_watch(number, clock) for number in range(2, 40)]
    for other in unseen:
        other.created_at = watch.created_at
        heap.add(other, last_poll_at(other))
    heap.next(clock.monotonic())
    assert last_poll_at(watch) == watch.deadline - 1.0
    assert min(map(last_poll_at, unseen)) < watch.deadline - 10.0


def test_the_poller_decides_it_timed_out_without_asking() -> None:
    world = World()
    watch = world.watch(1)
    world.poller.poll_once(Due(watch, world.clock.monotonic(), WAITING))
    world.outbox._recorder.close()
    [decided], _ = world.outbox._recorder._next_batch()
    assert decided.verdict.reason == "timed_out"
    assert world.results.asked == []


def test_it_no_longer_counts_as_in_flight_once_it_has_ended() -> None:
    clock = ManualClock()
    assert policy(clock).end(a_watch(1, clock), WAITING) == Ended(WAITING)
