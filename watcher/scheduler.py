"""One heap of due times: which session is polled next, by whichever worker is free, once the rate allows it."""

from math import inf
from operator import attrgetter
from threading import Condition
from typing import NamedTuple

from watcher.guards import LOOK_EVERY, Guards
from watcher.health import Beat
from watcher.named_lock import NamedLock
from watcher.ports import Clock, RateLimiter
from watcher.rate_limit import ThrottledShare
from watcher.timetable import Timetable, Turn
from watcher.watch import Watch

MAX_PAUSE = 5.0
"""Seconds after which the waiting leader looks around even if nothing is due."""

RATE_PAUSE = 0.25
"""Seconds after which a leader that waits for the rate looks for sessions whose time has run out meanwhile."""


class Due(NamedTuple):
    """A watch taken from the heap, and when (monotonic seconds) its poll was due; not before its receipt.

    `is_over`: its time has run out; it is decided by what is known, without a call.
    """

    watch: Watch
    at: float
    is_over: bool = False


class Scheduler:
    """Hands the most urgent due watch to a free worker.

    `next` is the whole logic and never blocks; `take` waits for it. Of all idle workers one, the leader, sleeps until
    the next due time and the others until they are called, so that a due session wakes one thread and not all.

    When more is due than the rate allows, a session whose moment for the last poll has come goes before all others,
    the earliest first; and one that was polled in vain, or could not be, ends at its deadline without a call.
    """

    def __init__(self, limiter: RateLimiter, clock: Clock, beat: Beat) -> None:
        """`beat`: of the leader's work, whichever worker leads."""
        self._limiter = limiter
        self._clock = clock
        self._beat = beat
        self._turns = Timetable(attrgetter("due_at"))
        self._guards = Guards()
        self._throttled = ThrottledShare()
        self._lock = NamedLock("scheduler")
        self._leader = Condition(self._lock)  # type: ignore[arg-type] # all that it needs of a lock is there
        self._followers = Condition(self._lock)  # type: ignore[arg-type]
        self._is_led = False
        self._stopped = False

    def __len__(self) -> int:
        return len(self._turns)

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
            if watch.waits and at < watch.due_at:
                self._push(watch, at)
            elif watch.waits:
                self._guards.put(watch, at, len(self._turns))

    def _push(self, watch: Watch, at: float) -> None:
        watch.waits, watch.due_at = True, at
        comes_first = self._turns.enter(watch)
        self._guards.put(watch, at, len(self._turns))
        if comes_first:
            self._leader.notify()

    def next(self, now: float) -> Due | float:
        """The most urgent due watch, any call paid for at the limiter; or the seconds until it is worth asking."""
        first = self._turns.first()
        while first is not None and _is_void(first):
            self._turns.drop()
            first = self._turns.first()
        if first is None:
            return MAX_PAUSE
        self._guards.spread(now, self._limiter.rate)
        guarded, is_over = self._guards.due(now)
        if guarded is None and first.at > now:
            look = LOOK_EVERY if self._limiter.rate > 0 else inf
            return min(first.at - now, self._guards.until_called(now), look)
        delay = 0.0 if is_over else self._limiter.acquire(now)
        if delay > 0:
            return min(delay, RATE_PAUSE, self._guards.until_over(now))
        if guarded is None:
            self._turns.drop()
        return _handed_out(guarded or first.watch, now, is_over=is_over)

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
            self._beat.rest()
            if isinstance(found, Due):
                return found
            self._leader.wait(min(found, MAX_PAUSE))
        return None

    def take_over(self) -> Due | None:
        """A watch whose time has run out and that no worker has come to yet; None if there is none. Never blocks."""
        with self._lock:
            now = self._clock.monotonic()
            guarded, is_over = self._guards.due(now)
            if guarded is None or not is_over or self._stopped:
                return None
            return _handed_out(guarded, now, is_over=True)

    def heed(self, *, throttled: bool) -> None:
        """Tell the limiter how a call that `take` gave leave for ended. Once for each."""
        with self._lock:
            now = self._clock.monotonic()
            self._limiter.on_response(now, throttled=throttled)
            self._throttled.add(now, throttled=throttled)

    def throttling(self) -> str:
        """What readiness says while more than half of the latest calls are throttled, else an empty text."""
        with self._lock:
            return self._throttled.problem(self._clock.monotonic(), self._limiter.rate)

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


def _handed_out(watch: Watch, now: float, *, is_over: bool) -> Due:
    watch.waits, watch.taken_at = False, now
    received = -inf if watch.received_at is None else watch.received_at - watch.terms.epoch
    return Due(watch, min(max(watch.due_at, received), now), is_over)


def _is_void(turn: Turn) -> bool:
    """Whether its watch was taken by another turn, moved to one, or abandoned."""
    watch = turn.watch
    return watch.abandoned or not watch.waits or watch.due_at != turn.at
