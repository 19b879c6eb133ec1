"""A scheduler, and threads that wait for it."""

from threading import Thread

from tests.support import ManualClock, Unlimited
from tests.unit.support.builders import a_beat, when_waited_on
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
    """A thread in `take`, known to be waiting as the leader."""
    is_waiting, found = when_waited_on(scheduler._leader), list[Due | None]()
    thread = Thread(target=lambda: found.append(scheduler.take()))
    thread.start()
    assert is_waiting.wait(PATIENCE)
    return thread, found
