"""A scheduler, and threads that wait for it."""

from threading import Event, Thread

from tests.support import ManualClock, Unlimited
from tests.unit.support.builders import a_beat
from tests.unit.support.fakes import PATIENCE
from watcher.domain.ports import RateLimiter
from watcher.polling.scheduler import Due, Scheduler
from watcher.sessions.session import Session


def scheduler(clock: ManualClock, limiter: RateLimiter | None = None) -> Scheduler:
    return Scheduler(limiter or Unlimited(), clock, a_beat(clock))


def taken(scheduler: Scheduler) -> Session:
    due = scheduler.take()
    assert due is not None
    return due.session


def waiter(scheduler: Scheduler) -> tuple[Thread, list[Due | None]]:
    """A thread in `take`, known to be waiting as the leader: it holds the lock from `poll_next` until it waits."""
    is_waiting, found, poll_next = Event(), list[Due | None](), scheduler.poll_next

    def told(now: float) -> Due | float:
        if not isinstance(due := poll_next(now), Due):
            is_waiting.set()
        return due

    scheduler.poll_next = told  # type: ignore[method-assign]
    thread = Thread(target=lambda: found.append(scheduler.take()))
    thread.start()
    assert is_waiting.wait(PATIENCE)
    return thread, found
