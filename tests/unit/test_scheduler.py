import itertools
from collections import Counter
from threading import Event, Lock, Thread

from tests.support import ManualClock
from tests.unit.fakes import PATIENCE, a_beat, a_watch
from watcher.ports import RateLimiter
from watcher.ratelimit import TokenBucket, Unlimited
from watcher.scheduler import MAX_PAUSE, Due, Scheduler
from watcher.watch import Watch


def scheduler(clock: ManualClock, limiter: RateLimiter | None = None) -> Scheduler:
    return Scheduler(limiter or Unlimited(), clock, a_beat(clock))


def taken(scheduler: Scheduler) -> Watch:
    due = scheduler.take()
    assert due is not None
    return due.watch


def waiter(scheduler: Scheduler) -> tuple[Thread, list[Due | None]]:
    """A thread in `take`, known to be waiting as the leader."""
    is_waiting, found = Event(), list[Due | None]()
    wait = scheduler._leader.wait

    def told(timeout: float | None = None) -> bool:
        is_waiting.set()
        return wait(timeout)

    scheduler._leader.wait = told  # type: ignore[method-assign]
    thread = Thread(target=lambda: found.append(scheduler.take()))
    thread.start()
    assert is_waiting.wait(PATIENCE)
    return thread, found


def test_the_most_urgent_comes_first_and_equals_in_the_order_they_came() -> None:
    clock = ManualClock()
    heap, now = scheduler(clock), clock.monotonic()
    watches = [a_watch(number, clock) for number in range(5)]
    for watch, at in zip(watches, (-1.0, -3.0, -2.0, -3.0, 0.0), strict=True):
        heap.add(watch, now + at)
    assert [taken(heap) for _ in watches] == [watches[number] for number in (1, 3, 2, 0, 4)]


def test_what_is_taken_says_when_it_was_due() -> None:
    clock = ManualClock()
    heap, watch = scheduler(clock), a_watch(1, clock)
    heap.add(watch, clock.monotonic() - 2.5)
    assert heap.take() == Due(watch, clock.monotonic() - 2.5)


def test_what_is_not_due_yet_tells_how_long_to_wait() -> None:
    clock = ManualClock()
    heap = scheduler(clock)
    assert heap.next(clock.monotonic()) == MAX_PAUSE
    heap.add(a_watch(1, clock), clock.monotonic() + 3.0)
    assert heap.next(clock.monotonic()) == 3.0
    clock.advance(3.0)
    assert isinstance(heap.next(clock.monotonic()), Due)


def test_an_earlier_due_watch_wakes_the_leader() -> None:
    clock = ManualClock()
    heap, later, sooner = scheduler(clock), a_watch(1, clock), a_watch(2, clock)
    heap.add(later, clock.monotonic() + 3600.0)
    thread, found = waiter(heap)
    heap.add(sooner, clock.monotonic())
    thread.join(MAX_PAUSE / 2)
    assert not thread.is_alive()
    assert found == [Due(sooner, clock.monotonic())]


def test_abandoned_watches_are_passed_over_and_cost_no_call() -> None:
    clock = ManualClock()
    heap = scheduler(clock, TokenBucket(1))
    watches = [a_watch(number, clock) for number in range(4)]
    for watch in watches:
        heap.add(watch, clock.monotonic())
        watch.abandoned = watch is not watches[3]
    assert taken(heap) is watches[3]
    assert len(heap) == 0


def test_the_limiter_is_paid_only_for_what_is_handed_out() -> None:
    clock = ManualClock()
    bucket = TokenBucket(1)
    heap = scheduler(clock, bucket)
    heap.add(a_watch(1, clock), clock.monotonic() + 1.0)
    assert heap.next(clock.monotonic()) == 1.0
    assert bucket.acquire(clock.monotonic()) == 0.0


def test_the_limiter_holds_back_what_is_due() -> None:
    clock = ManualClock()
    heap = scheduler(clock, TokenBucket(2))
    for number in range(3):
        heap.add(a_watch(number, clock), clock.monotonic())
    begun: list[float] = []
    while len(heap):
        found = heap.next(clock.monotonic())
        if isinstance(found, Due):
            begun.append(clock.monotonic() - 1000.0)
        else:
            clock.advance(found)
    assert begun[0] == 0.0
    assert all(later - sooner > 0.4 for sooner, later in itertools.pairwise(begun))


def test_another_limiter_is_heeded_at_once() -> None:
    clock = ManualClock()
    bucket = TokenBucket(0.001)
    bucket.acquire(clock.monotonic())
    heap, watch = scheduler(clock, bucket), a_watch(1, clock)
    assert heap.rate == 0.001
    heap.add(watch, clock.monotonic())
    thread, found = waiter(heap)
    heap.limit(Unlimited())
    thread.join(MAX_PAUSE / 2)
    assert found == [Due(watch, clock.monotonic())]
    assert heap.rate == 0.0


def test_a_stop_releases_every_waiter() -> None:
    clock = ManualClock()
    heap = scheduler(clock)
    heap.add(a_watch(1, clock), clock.monotonic() + 3600.0)
    leader, found = waiter(heap)
    threads = [leader, *(Thread(target=lambda: found.append(heap.take())) for _ in range(8))]
    for thread in threads[1:]:
        thread.start()
    heap.stop()
    for thread in threads:
        thread.join(MAX_PAUSE / 2)
    assert found == [None] * 9


def test_after_a_stop_nothing_is_handed_out_though_it_is_due() -> None:
    clock = ManualClock()
    heap = scheduler(clock)
    heap.add(a_watch(1, clock), clock.monotonic())
    heap.stop()
    assert heap.take() is None


def test_many_threads_take_each_watch_once() -> None:
    clock = ManualClock()
    heap, count = scheduler(clock), 2000
    watches = [a_watch(number, clock) for number in range(count)]
    seen: Counter[int] = Counter()
    lock, done = Lock(), Event()

    def work() -> None:
        while (due := heap.take()) is not None:
            with lock:
                seen[id(due.watch)] += 1
                if seen.total() == count:
                    done.set()

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for watch in watches:
        heap.add(watch, clock.monotonic())
    assert done.wait(PATIENCE)
    heap.stop()
    for thread in threads:
        thread.join(PATIENCE)
    assert seen == Counter(map(id, watches))


def test_a_leader_that_leaves_with_a_watch_hands_the_lead_to_a_follower() -> None:
    clock = ManualClock()
    heap = scheduler(clock)
    thread, first = waiter(heap)
    second: list[Due | None] = []
    got = Event()

    def follow() -> None:
        second.append(heap.take())
        got.set()

    follower = Thread(target=follow)
    follower.start()
    heap.add(a_watch(1, clock), clock.monotonic())
    heap.add(a_watch(2, clock), clock.monotonic())
    assert got.wait(PATIENCE)
    thread.join(PATIENCE)
    follower.join(PATIENCE)
    assert {due.watch.key.session_id[-1] for due in first + second if due} == {"1", "2"}


def test_the_leader_shows_a_sign_of_life_while_nothing_is_due() -> None:
    clock = ManualClock()
    beat = a_beat(clock)
    heap = Scheduler(Unlimited(), clock, beat)
    thread, _ = waiter(heap)
    clock.advance(30.0)
    assert beat.silence() == 30.0
    heap.limit(Unlimited())
    heap.stop()
    thread.join(PATIENCE)
