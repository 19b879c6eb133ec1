from threading import Barrier, Lock

import pytest

from watcher.ledgers.fanout import for_each


def test_results_come_in_the_order_of_the_items() -> None:
    assert for_each(lambda number: number * 2, range(100), 8) == [number * 2 for number in range(100)]
    assert for_each(str, [], 8) == []


def test_as_many_as_allowed_run_at_once() -> None:
    together = Barrier(4)
    for_each(lambda _: together.wait(timeout=30), range(8), 4)


def test_no_more_than_allowed_run_at_once() -> None:
    lock, running, most = Lock(), [0], [0]

    def work(_: int) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        with lock:
            running[0] -= 1

    for_each(work, range(500), 3)
    assert most[0] <= 3


def test_a_failure_is_raised_after_all_others_had_their_turn() -> None:
    done = []

    def work(number: int) -> None:
        if number == 2:
            raise ValueError("no")
        done.append(number)

    with pytest.raises(ValueError, match="no"):
        for_each(work, range(10), 3)
    assert sorted(done) == [0, 1, 3, 4, 5, 6, 7, 8, 9]
