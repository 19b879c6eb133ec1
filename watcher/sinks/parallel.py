"""Work on several things at once, until one of them fails."""

from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread


def each_until_failure(places: Sequence[int], work: Callable[[int], None], concurrency: int, stopped: Event) -> None:
    """Call `work` for each place, begun in order, up to `concurrency` at once; none is begun after a failure.

    Raises:
        Exception: the first failure, once all that was begun has ended.
    """
    todo, lock, failures = iter(places), Lock(), list[Exception]()

    def following() -> int | None:
        with lock:
            return None if failures or stopped.is_set() else next(todo, None)

    def run() -> None:
        while (place := following()) is not None:
            try:
                work(place)
            except Exception as error:  # noqa: BLE001 - raised again in the caller's thread, below
                failures.append(error)

    # Daemons: a slow receiver must not keep the process from ending.
    helpers = [Thread(target=run, daemon=True) for _ in range(min(concurrency, len(places)) - 1)]
    for helper in helpers:
        helper.start()
    run()
    for helper in helpers:
        helper.join()
    if failures:
        raise failures[0]
