"""Decides which session the next free worker polls, once the rate allows it."""

from math import inf
from operator import attrgetter
from threading import Condition
from typing import NamedTuple

from watcher.domain.ports import Clock, RateLimiter
from watcher.polling.deadline_queue import SPREAD_EVERY
from watcher.polling.due_queue import DueQueue, Head, is_stale
from watcher.polling.timer_queue import Timer, TimerQueue
from watcher.polling.unknown_share import UnknownShare
from watcher.rate_limit import ThrottledShare
from watcher.sessions.session import Session
from watcher.telemetry.health import Beat
from watcher.telemetry.named_lock import NamedLock

MAX_PAUSE = 5.0
"""Seconds after which the waiting leader checks even if nothing is due."""

RATE_PAUSE = 0.25
"""Seconds after which a leader that waits for the rate checks for sessions whose time has run out."""


class Due(NamedTuple):
    """A session taken from its queue, and when (monotonic seconds) its poll was due; not before its receipt.

    `is_over`: its time has run out; it is decided from what is known, without a call.
    """

    session: Session
    at: float
    is_over: bool = False


class Scheduler:
    """Hands the most urgent due session to a free worker.

    `next` has all of the logic and never blocks; `take` waits for it. One idle worker, the leader, sleeps until the
    next due time, and the others until they are woken, so that a due session wakes one thread instead of all.

    When more is due than the rate allows, sessions whose final poll is due go before others, earliest first. A
    session that could not be polled, or not successfully, ends at its deadline without a call.

    Anyone who can send to the queue can make up session ids. So sessions that AWS has confirmed, by any answer with a
    status, wait in a separate queue. While many ids are unknown to AWS the two queues take turns, and each gets at
    least half of the rate. Otherwise the poll that was due first goes first; favouring either queue would cost calls.

    Hinted polls go before those of sessions that merely may have ended, but never before final polls. Hints may be
    false: while anything else is due, every second poll is not a hinted one.
    """

    def __init__(self, limiter: RateLimiter, clock: Clock, beat: Beat) -> None:
        """`beat`: the beat of the leader's work, whichever worker leads."""
        self._limiter = limiter
        self._clock = clock
        self._beat = beat
        self._confirmed = DueQueue(_is_confirmed)
        self._unconfirmed = DueQueue(lambda session: not _is_confirmed(session))
        self._queues = (self._confirmed, self._unconfirmed)
        """The one whose turn it is comes first."""
        self._hinted = TimerQueue(attrgetter("due_at"))
        self._is_hinted_turn = True
        self._spread_at = -inf
        self._unknown = UnknownShare()
        self._throttled = ThrottledShare()
        self._lock = NamedLock("scheduler")
        self._leader = Condition(self._lock)  # type: ignore[arg-type] # all that it needs of a lock is there
        self._followers = Condition(self._lock)  # type: ignore[arg-type]
        self._has_leader = False
        self._stopped = False

    def __len__(self) -> int:
        return sum(map(len, self._queues))

    @property
    def rate(self) -> float:
        """Calls a second that the limiter allows now; 0 means no limit."""
        return self._limiter.rate

    def add(self, session: Session, at: float, *, is_hinted: bool = False) -> None:
        """Poll this session at `at` (monotonic seconds), or as soon after it as the rate and the workers allow."""
        with self._lock:
            self._push(session, at)
            if is_hinted:
                self._hinted.add(session)

    def hint(self, session: Session, at: float) -> None:
        """Poll a waiting session at `at`, before others; one that a worker has is left unchanged."""
        with self._lock:
            if session.is_scheduled and not session.is_abandoned:
                self._push(session, min(at, session.due_at))
                self._hinted.add(session)

    def bring_forward(self, session: Session, at: float) -> None:
        """Poll a waiting session no later than `at`; one that a worker has is left unchanged."""
        with self._lock:
            if session.is_scheduled and at < session.due_at:
                self._push(session, at)
            elif session.is_scheduled:
                self._queue_of(session).reserve(session, at)

    def _push(self, session: Session, at: float) -> None:
        session.is_scheduled, session.due_at = True, at
        if self._queue_of(session).add(session):
            self._leader.notify()

    def _queue_of(self, session: Session) -> DueQueue:
        return self._confirmed if _is_confirmed(session) else self._unconfirmed

    def poll_next(self, now: float) -> Due | float:
        """The most urgent due session, with the limiter's permit for its call; or the seconds until the next try."""
        if now - self._spread_at >= SPREAD_EVERY:
            self._spread(now)
        queue, other = self._queues
        head = queue.head(now)
        next_head = other.head(now)
        if head is None or (next_head is not None and self._goes_before(next_head, head)):
            queue, other, head = other, queue, next_head
        if head is None:
            return self._pause(now)
        hinted = self._hinted_first(head, now)
        session, timer, is_over = hinted or head
        delay = 0.0 if is_over else self._limiter.acquire(now)
        if delay > 0:
            return min(delay, RATE_PAUSE, queue.seconds_until_end(now), other.seconds_until_end(now))
        if hinted:
            self._hinted.drop()
        else:
            queue.take(timer)
            if not is_over:
                self._queues = other, queue
        self._is_hinted_turn = hinted is None or head[0] is session
        return _dispatched(session, now, is_over=is_over)

    def _hinted_first(self, head: Head, now: float) -> Head | None:
        """The hinted poll that goes before `head`, if one is due and it is its turn."""
        while (timer := self._hinted.first(now)) is not None and self._has_no_priority(timer):
            self._hinted.drop()
        is_final = head[1] is None
        is_its_turn = timer is not None and (self._is_hinted_turn or head[0] is timer.session)
        return (timer.session, timer, False) if timer is not None and is_its_turn and not is_final else None

    def _has_no_priority(self, timer: Timer) -> bool:
        """Whether a hinted poll is stale, or its session is unconfirmed while many ids are unknown to AWS."""
        return is_stale(timer) or (self._unknown.is_crowd and not _is_confirmed(timer.session))

    def _goes_before(self, other: Head, head: Head) -> bool:
        """Whether another queue's head goes before the head of the queue whose turn it is. An end costs no call."""
        return other[2] or not (head[2] or self._unknown.is_crowd or _urgency(head) <= _urgency(other))

    def _spread(self, now: float) -> None:
        """Spread final polls that coincide; while one queue is behind, the other has half of the rate for them."""
        rate, self._spread_at = self._limiter.rate, now
        if rate <= 0:
            return
        for queue, other in (self._queues, self._queues[::-1]):
            queue.spread(now, rate / 2 if self._unknown.is_crowd and other.is_behind(now) else rate)

    def _pause(self, now: float) -> float:
        """Seconds until the next try is worthwhile, if nothing is due."""
        spread = SPREAD_EVERY if self._limiter.rate > 0 else inf
        pause = min(queue.seconds_until_due(now) for queue in self._queues)
        return min(pause, spread) if pause < inf else MAX_PAUSE

    def take(self) -> Due | None:
        """Wait for the next due session; None once the scheduler is stopped. Any number of threads may wait."""
        with self._lock:
            while self._has_leader and not self._stopped:
                self._followers.wait()
            self._has_leader = True
            try:
                return self._lead()
            finally:
                self._has_leader = False
                self._followers.notify()

    def _lead(self) -> Due | None:
        while not self._stopped:
            self._beat.beat()
            found = self.poll_next(self._clock.monotonic())
            self._beat.rest()
            if isinstance(found, Due):
                return found
            self._leader.wait(min(found, MAX_PAUSE))
        return None

    def take_expired(self) -> Due | None:
        """A session whose time ran out before any worker took it; None if there is none. Never blocks."""
        with self._lock:
            now = self._clock.monotonic()
            ended = next((session for queue in self._queues if (session := queue.expired(now)) is not None), None)
            return None if ended is None or self._stopped else _dispatched(ended, now, is_over=True)

    def record_result(self, *, throttled: bool) -> None:
        """Tell the limiter how a call that `take` permitted ended. Once for each."""
        with self._lock:
            now = self._clock.monotonic()
            self._limiter.on_response(now, throttled=throttled)
            self._throttled.add(now, throttled=throttled)

    def record_first_result(self, *, is_unknown: bool) -> None:
        """Record what AWS said about a session that it had not confirmed before."""
        with self._lock:
            self._unknown.add(is_unknown=is_unknown)
            self._unconfirmed.newest_too = self._unknown.is_crowd

    def throttling(self) -> str:
        """What readiness says while more than half of the latest calls are throttled, else an empty text."""
        with self._lock:
            return self._throttled.problem(self._clock.monotonic(), self._limiter.rate)

    def set_limiter(self, limiter: RateLimiter) -> None:
        """Replace the limiter (reload)."""
        with self._lock:
            self._limiter = limiter
            self._leader.notify()

    def stop(self) -> None:
        """Hand out nothing more; every waiting thread gets None. Sessions in the heap stay in the in-flight table."""
        with self._lock:
            self._stopped = True
            self._leader.notify_all()
            self._followers.notify_all()


def _urgency(head: Head) -> tuple[bool, float]:
    session, timer, _ = head
    return (False, session.final_due_at) if timer is None else (True, timer.at)


def _is_confirmed(session: Session) -> bool:
    """Whether AWS knows its session, judging by its answers so far."""
    return session.answers > 0


def _dispatched(session: Session, now: float, *, is_over: bool) -> Due:
    session.is_scheduled, session.dispatched_at = False, now
    if not _is_confirmed(session):
        session.final_due_at = -inf  # if it is confirmed now, its final poll is reserved in the other queue
    received = -inf if session.received_at is None else session.received_at - session.wall_offset
    return Due(session, min(max(session.due_at, received), now), is_over)
