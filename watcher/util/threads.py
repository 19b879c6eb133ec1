"""The daemon's threads: named, supervised, joined with a time limit."""

import sys
import threading
from collections.abc import Callable, Iterable
from threading import Thread

import structlog

from watcher.domain.errors import WatcherError
from watcher.domain.ports import Clock

log = structlog.get_logger(__name__)


def run_within(deadline: float, work: Callable[[], None], clock: Clock) -> bool:
    """Run `work` in its own thread; False if it is not over by `deadline` (monotonic), and is then abandoned.

    Raises:
        BaseException: what `work` raised in time.
    """
    failures: list[BaseException] = []

    def run() -> None:
        """Work, and keep the failure for the waiting thread."""
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised below
            failures.append(error)

    thread = Thread(target=run, name="bounded", daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - clock.monotonic()))
    if failures:
        raise failures[0]
    return not thread.is_alive()


class Threads:
    """Starts threads and reports the first that dies: a watcher without one of its threads has to stop."""

    def __init__(
        self, clock: Clock, on_death: Callable[[str, BaseException], None], on_end: Callable[[], None] = lambda: None
    ) -> None:
        """`on_death` is called with the role and error of a thread that died.

        `on_end` is called at the end of each thread, in that thread.
        """
        self._clock = clock
        self._on_death = on_death
        self._on_end = on_end
        self._threads: dict[str, list[Thread]] = {}
        self._is_dismissed = False

    def start(self, role: str, target: Callable[[], None]) -> None:
        """Start one more thread of this role."""
        number = len(self._threads.setdefault(role, []))
        # Daemon threads: a call that hangs beyond the drain must not keep the process from ending.
        thread = Thread(target=self._run_guarded, args=(role, target), name=f"{role}-{number}", daemon=True)
        self._threads[role].append(thread)
        thread.start()

    def _run_guarded(self, role: str, target: Callable[[], None]) -> None:
        try:
            target()
        except BaseException as error:
            if self._is_dismissed:
                return
            if not isinstance(error, WatcherError):  # a bug: log its traceback
                log.critical("thread_died", thread=threading.current_thread().name, exc_info=sys.exc_info())
            self._on_death(role, error)
        finally:
            self._on_end()

    def dismiss(self) -> None:
        """Ignore dying threads from now on, because what they use is being closed."""
        self._is_dismissed = True

    def join(self, roles: Iterable[str], deadline: float) -> bool:
        """Wait for the threads of these roles until `deadline` (monotonic); returns whether all have ended."""
        waited_for = [thread for role in roles for thread in self._threads.get(role, [])]
        for thread in waited_for:
            thread.join(max(0.0, deadline - self._clock.monotonic()))
        return not any(thread.is_alive() for thread in waited_for)
