"""Items that hang, in the seconds that they are given."""

from threading import Event

from watcher.util.parallel import for_each


def test_what_is_not_over_in_time_is_missing_and_left_to_itself() -> None:
    gate, over = Event(), Event()

    def work(number: int) -> int:
        if number == 1:
            gate.wait(30)
            over.set()
        return number

    assert for_each(work, range(4), 4, seconds=0.5) == [0, 2, 3]
    assert not over.is_set()
    gate.set()
    assert over.wait(30)
