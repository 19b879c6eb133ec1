from threading import Barrier, Event, Lock, Thread, current_thread

import pytest

from watcher.util.parallel import for_each


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


def test_none_is_begun_after_a_failure_if_that_is_the_end() -> None:
    begun = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 2:
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        for_each(work, range(10), 1, until_failure=True)
    assert begun == [0, 1, 2]


def test_none_is_begun_after_a_stop_and_the_others_are_missing() -> None:
    stopped = Event()

    def work(number: int) -> int:
        if number == 2:
            stopped.set()
        return number * 2

    assert for_each(work, range(10), 1, stopped=stopped) == [0, 2, 4]


def test_within_its_time_nothing_is_different() -> None:
    assert for_each(str, range(3), 2, seconds=30) == ["0", "1", "2"]
    assert for_each(str, [], 2, seconds=30) == []
    with pytest.raises(ZeroDivisionError):
        for_each(lambda number: 1 // number, range(3), 2, seconds=30)


def test_no_thread_of_it_keeps_the_process_from_ending() -> None:
    daemons = for_each(lambda _: current_thread().daemon, range(3), 3, seconds=30)
    assert daemons == [True] * 3


@pytest.mark.parametrize("room", [0, 1])
def test_where_no_further_thread_can_be_started_the_others_do_all_of_it(
    room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, started = Thread.start, list[Thread]()

    def refuse(thread: Thread) -> None:
        if len(started) >= room:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(Thread, "start", refuse)
    assert for_each(str, range(20), 8) == [str(number) for number in range(20)]
    assert len(started) == room
