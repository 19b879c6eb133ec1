"""The same work for many items at once, for backends that have no call for many."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def for_each(work: Callable[[T], R], items: Sequence[T], at_once: int) -> list[R]:
    """What `work` makes of each item, in their order; `at_once` of them at a time, the calling thread included.

    A failure keeps no other item from its turn; the first is raised once all have had theirs.
    """
    results: dict[int, R] = {}
    failures: list[Exception] = []
    waiting: SimpleQueue[tuple[int, T]] = SimpleQueue()
    for numbered in enumerate(items):
        waiting.put(numbered)

    def run() -> None:
        with suppress(Empty):
            while True:
                number, item = waiting.get_nowait()
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
    return [results[number] for number in range(len(items))]
