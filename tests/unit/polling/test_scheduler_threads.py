import time
from collections import Counter
from collections.abc import Callable
from math import inf
from threading import Barrier, Event, Lock, Thread

from tests.support import ManualClock, Unlimited
from tests.unit.support.builders import a_beat, a_session
from tests.unit.support.fakes import PATIENCE
from tests.unit.support.heaps import scheduler, waiter
from watcher.polling.scheduler import MAX_PAUSE, Due, Scheduler
from watcher.rate_limit import TokenBucket
from watcher.telemetry.health import OWN_LIMIT, Beat, Liveness
from watcher.telemetry.named_lock import NamedLock


def test_an_earlier_due_session_wakes_the_leader() -> None:
    clock = ManualClock()
    heap, later, sooner = scheduler(clock), a_session(1, clock), a_session(2, clock)
    heap.add(later, clock.monotonic() + 3600.0)
    thread, found = waiter(heap)
    heap.add(sooner, clock.monotonic())
    thread.join(MAX_PAUSE / 2)
    assert not thread.is_alive()
    assert found == [Due(sooner, clock.monotonic())]


def test_a_brought_forward_session_wakes_the_leader() -> None:
    clock = ManualClock()
    heap, session = scheduler(clock), a_session(1, clock)
    heap.add(session, clock.monotonic() + 3600.0)
    thread, found = waiter(heap)
    heap.bring_forward(session, clock.monotonic())
    thread.join(MAX_PAUSE / 2)
    assert found == [Due(session, clock.monotonic())]


def test_another_limiter_is_followed_at_once() -> None:
    clock = ManualClock()
    bucket = TokenBucket(0.001)
    bucket.acquire(clock.monotonic())
    heap, session = scheduler(clock, bucket), a_session(1, clock)
    assert heap.rate == 0.001
    heap.add(session, clock.monotonic())
    thread, found = waiter(heap)
    heap.set_limiter(Unlimited())
    thread.join(MAX_PAUSE / 2)
    assert found == [Due(session, clock.monotonic())]
    assert heap.rate == 0.0


def test_a_stop_releases_every_waiter() -> None:
    clock = ManualClock()
    heap = scheduler(clock)
    heap.add(a_session(1, clock), clock.monotonic() + 3600.0)
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
    heap.add(a_session(1, clock), clock.monotonic())
    heap.stop()
    assert heap.take() is None


def test_many_threads_take_each_session_once() -> None:
    clock = ManualClock()
    heap, count = scheduler(clock), 2000
    sessions = [a_session(number, clock) for number in range(count)]
    seen: Counter[int] = Counter()
    lock, done = Lock(), Event()

    def work() -> None:
        while (due := heap.take()) is not None:
            with lock:
                seen[id(due.session)] += 1
                if seen.total() == count:
                    done.set()

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for session in sessions:
        heap.add(session, clock.monotonic())
    assert done.wait(PATIENCE)
    heap.stop()
    for thread in threads:
        thread.join(PATIENCE)
    assert seen == Counter(map(id, sessions))


def test_a_leader_that_leaves_with_a_session_hands_the_lead_to_a_follower() -> None:
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
    heap.add(a_session(1, clock), clock.monotonic())
    heap.add(a_session(2, clock), clock.monotonic())
    assert got.wait(PATIENCE)
    thread.join(PATIENCE)
    follower.join(PATIENCE)
    assert {due.session.key.session_id[-1] for due in first + second if due} == {"1", "2"}


class HangingLimiter(Unlimited):
    """Lets the clock run while it is asked, so that the leader seems to hang under the scheduler's lock."""

    def __init__(self, hang: Callable[[], None]) -> None:
        self._hang = hang

    def acquire(self, now: float) -> float:
        self._hang()
        return 0.0


def test_a_leader_that_hangs_is_named_and_nobody_who_waits_for_its_lock() -> None:
    clock, late = ManualClock(), list[list[str]]()
    liveness = Liveness(clock)
    others = [liveness.beat(role) for role in ("poller", "deadline-watchdog", "consumer")]
    asking = Barrier(len(others) + 1)

    def ask(beat: Beat) -> None:
        beat.beat()
        asking.wait(PATIENCE)
        heap.take_expired()

    def hang() -> None:
        threads = [Thread(target=ask, args=(beat,)) for beat in others]
        for thread in threads:
            thread.start()
        asking.wait(PATIENCE)
        while not all(beat.blocked(inf) for beat in others):
            time.sleep(0.001)
        clock.advance(OWN_LIMIT + 1.0)
        late.append(liveness.late())

    heap = Scheduler(HangingLimiter(hang), clock, liveness.beat("scheduler", is_shared=True))
    heap.add(a_session(1, clock), clock.monotonic())
    assert heap.take() is not None
    assert late == [["scheduler: no progress for 21 s"]]


def test_who_waits_for_a_lock_is_named_where_nobody_else_is() -> None:
    """Whoever has it has no beat."""
    clock = ManualClock()
    liveness, lock = Liveness(clock), NamedLock("scheduler")
    beat = liveness.beat("consumer")

    def wait() -> None:
        beat.beat()
        with lock:
            pass

    with lock:
        thread = Thread(target=wait)
        thread.start()
        while not beat.blocked(inf):
            time.sleep(0.001)
        clock.advance(OWN_LIMIT + 1.0)
        late = liveness.late()
    thread.join(PATIENCE)
    assert late == ["consumer: no progress for 21 s, it waits for the lock of the scheduler"]


def test_a_leader_that_waits_rests() -> None:
    clock = ManualClock()
    beat = a_beat(clock)
    heap = Scheduler(Unlimited(), clock, beat)
    thread, _ = waiter(heap)
    clock.advance(30.0)
    assert beat.silence() == 0.0
    heap.stop()
    thread.join(PATIENCE)
