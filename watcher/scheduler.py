"""One heap of due times: which session is polled next, by whichever worker is free, once the rate allows it."""

import heapq
from threading import Condition, Lock
from typing import NamedTuple

from watcher.guards import Guards
from watcher.health import Beat
from watcher.policy import last_poll_at
from watcher.ports import Clock, RateLimiter
from watcher.watch import Watch

MAX_PAUSE = 5.0
"""Seconds after which the waiting leader looks around even if nothing is due: proof of life for /livez."""


class Due(NamedTuple):
    """A watch taken from the heap, and when (monotonic seconds) its poll was due."""

    watch: Watch
    at: float


class Scheduler:
    """Hands the most urgent due watch to a free worker.

    `next` is the whole logic and never blocks; `take` waits for it. Of all idle workers one, the leader, sleeps until
    the next due time and the others until they are called, so that a due session wakes one thread and not all.

    When more is due than the rate allows, a session whose moment for the last poll has come goes before all others,
    the earliest first.
    """

    def __init__(self, limiter: RateLimiter, clock: Clock, beat: Beat) -> None:
        self._limiter = limiter
        self._clock = clock
        self._beat = beat
        self._heap: list[tuple[float, int, Watch]] = []
        self._guards = Guards()
        self._tickets = 0
        self._lock = Lock()
        self._leader = Condition(self._lock)
        self._followers = Condition(self._lock)
        self._is_led = False
        self._stopped = False

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def rate(self) -> float:
        """Calls a second that the limiter allows now; 0 means no limit."""
        return self._limiter.rate

    def add(self, watch: Watch, at: float) -> None:
        """Poll this watch at `at` (monotonic seconds), or as soon after it as the rate and the workers allow."""
        with self._lock:
            self._push(watch, at)

    def hasten(self, watch: Watch, at: float) -> None:
        """Poll a watch that waits for its turn no later than `at`; one that is with a worker is left alone."""
        with self._lock:
            if watch.ticket and at < watch.due_at:
                self._push(watch, at)
            elif watch.ticket:
                self._guards.put(watch, at, len(self._heap))

    def _push(self, watch: Watch, at: float) -> None:
        # The running number keeps equal due times in the order they came, and watches out of the comparison. It is
        # the watch's ticket too: an entry with an older number is void.
        self._tickets += 1
        watch.ticket, watch.due_at = self._tickets, at
        heapq.heappush(self._heap, (at, self._tickets, watch))
        self._guards.put(watch, max(at, last_poll_at(watch)), len(self._heap))
        if self._heap[0][2] is watch:
            self._leader.notify()

    def next(self, now: float) -> Due | float:
        """The most urgent due watch, its call paid for at the limiter; or the seconds until it is worth asking."""
        heap = self._heap
        while heap and (heap[0][2].abandoned or heap[0][2].ticket != heap[0][1]):
            heapq.heappop(heap)
        if not heap:
            return MAX_PAUSE
        self._guards.spread(now, self._limiter.rate)
        guarded = self._guards.due(now)
        if guarded is None and heap[0][0] > now:
            return heap[0][0] - now
        delay = self._limiter.acquire(now)
        if delay > 0:
            return delay
        watch = guarded or heapq.heappop(heap)[2]
        watch.ticket, watch.taken_at = 0, now
        return Due(watch, min(watch.due_at, now))

    def take(self) -> Due | None:
        """Wait for the next due watch; None once the scheduler is stopped. Any number of threads may wait."""
        with self._lock:
            while self._is_led and not self._stopped:
                self._followers.wait()
            self._is_led = True
            try:
                return self._lead()
            finally:
                self._is_led = False
                self._followers.notify()

    def _lead(self) -> Due | None:
        while not self._stopped:
            self._beat.beat()
            found = self.next(self._clock.monotonic())
            if isinstance(found, Due):
                return found
            self._leader.wait(min(found, MAX_PAUSE))
        return None

    def heed(self, *, throttled: bool) -> None:
        """Tell the limiter how a call that `take` gave leave for ended. Once for each."""
        with self._lock:
            self._limiter.heed(self._clock.monotonic(), throttled=throttled)

    def limit(self, limiter: RateLimiter) -> None:
        """Put another limiter in the place of this one (reload)."""
        with self._lock:
            self._limiter = limiter
            self._leader.notify()

    def stop(self) -> None:
        """Hand out nothing more; every waiting thread gets None. What is in the heap stays on the queue's books."""
        with self._lock:
            self._stopped = True
            self._leader.notify_all()
            self._followers.notify_all()
