"""The same work for many items in parallel, for backends without a batch call."""

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
    """The result of `work` for each item, in order; `at_once` of them at a time, including the calling thread.

    A failure does not prevent other items, unless `until_failure` is set; after `stopped` no item is started, and it
    is missing from the result. So is one that is not over after `seconds`: it continues, but is not waited for.

    Raises:
        Exception: the first failure, once everything that was started has ended, or is no longer waited for.
    """
    results: dict[int, R] = {}
    failures: list[Exception] = []
    waiting, lock = iter(enumerate(items)), Lock()

    def following() -> tuple[int, T] | None:
        """The next item and its number; None if no more may start."""
        with lock:
            is_over = (until_failure and failures) or (stopped and stopped.is_set())
            return None if is_over else next(waiting, None)

    def run() -> None:
        """The work of each thread."""
        while (numbered := following()) is not None:
            number, item = numbered
            try:
                results[number] = work(item)
            except Exception as error:  # noqa: BLE001 - raised below, in the thread that asked
                failures.append(error)

    _in_threads(run, min(at_once, len(items)), seconds)
    if failures:
        raise failures[0]
    return [results[number] for number in sorted(results.copy())]  # an abandoned one may still add its own


def _in_threads(run: Callable[[], None], count: int, seconds: float | None) -> None:
    """`run` in this many threads, including the calling one unless they may be abandoned after `seconds`."""
    own = 1 if seconds is None else 0
    # Daemon threads, unlike the standard library's pool: a hanging call must not keep the process from ending.
    threads = _started([Thread(target=run, daemon=True) for _ in range(count - own)])
    if seconds is None:
        run()
    deadline = None if seconds is None else monotonic() + seconds
    for thread in threads:
        thread.join(None if deadline is None else max(0.0, deadline - monotonic()))


def _started(threads: Sequence[Thread]) -> list[Thread]:
    """Start these; returns those for which the system had room, which then do more each."""
    started: list[Thread] = []
    for thread in threads:
        try:
            thread.start()
        except RuntimeError:  # "can't start new thread"
            break
        started.append(thread)
    return started
