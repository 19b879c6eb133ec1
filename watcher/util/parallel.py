"""The same work for many items at once, for backends that have no call for many."""

from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread
from time import monotonic
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def for_each(
    work: Callable[[T], R],
    items: Sequence[T],
    at_once: int,
    *,
    until_failure: bool = False,
    stopped: Event | None = None,
    seconds: float | None = None,
) -> list[R]:
    """What `work` makes of each item, in their order; `at_once` of them at a time, the calling thread included.

    A failure keeps no other item from its turn, unless `until_failure` says so; after `stopped` none has its turn,
    and is missing from the result. So is what is not over after `seconds`: it goes on, and nobody waits for it.

    Raises:
        Exception: the first failure, once all that was begun has ended, or is waited for no longer.
    """
    results: dict[int, R] = {}
    failures: list[Exception] = []
    waiting, lock = iter(enumerate(items)), Lock()

    def following() -> tuple[int, T] | None:
        """The next item and its number; None when nothing more may begin."""
        with lock:
            is_over = (until_failure and failures) or (stopped and stopped.is_set())
            return None if is_over else next(waiting, None)

    def run() -> None:
        """What each thread does."""
        while (numbered := following()) is not None:
            number, item = numbered
            try:
                results[number] = work(item)
            except Exception as error:  # noqa: BLE001 - raised below, in the thread that asked
                failures.append(error)

    _in_threads(run, min(at_once, len(items)), seconds)
    if failures:
        raise failures[0]
    return [results[number] for number in sorted(results.copy())]  # one left behind may still add its own


def _in_threads(run: Callable[[], None], count: int, seconds: float | None) -> None:
    """`run` in so many threads, the calling one among them unless they may be left behind after `seconds`."""
    own = 1 if seconds is None else 0
    # Daemon threads, unlike the standard library's pool: a call that hangs must not keep the process from ending.
    threads = _started([Thread(target=run, daemon=True) for _ in range(count - own)])
    if seconds is None:
        run()
    deadline = None if seconds is None else monotonic() + seconds
    for thread in threads:
        thread.join(None if deadline is None else max(0.0, deadline - monotonic()))


def _started(threads: Sequence[Thread]) -> list[Thread]:
    """Start these; returns those that the system had room for, which then have more to do each."""
    started: list[Thread] = []
    for thread in threads:
        try:
            thread.start()
        except RuntimeError:  # "can't start new thread"
            break
        started.append(thread)
    return started
