"""The same work for many items at once, for backends that have no call for many."""

from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread
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
) -> list[R]:
    """What `work` makes of each item, in their order; `at_once` of them at a time, the calling thread included.

    A failure keeps no other item from its turn, unless `until_failure` says so; after `stopped` none has its turn,
    and is missing from the result.

    Raises:
        Exception: the first failure, once all that was begun has ended.
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

    # Daemon threads, unlike the standard library's pool: a call that hangs must not keep the process from ending.
    threads = [Thread(target=run, daemon=True) for _ in range(min(at_once, len(items)) - 1)]
    for thread in threads:
        thread.start()
    run()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return [results[number] for number in sorted(results)]
