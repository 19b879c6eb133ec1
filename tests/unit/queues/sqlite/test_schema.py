"""How old a row of the queue is, by either of its clocks."""

import pytest

from watcher.queues.sqlite.schema import Moment


@pytest.mark.parametrize("clock_then", [None, "x", b"x", float("inf"), float("-inf")])
def test_a_mark_that_is_no_time_leaves_the_wall_clock(clock_then: object) -> None:
    moment = Moment(100.0, 10.0, 1)
    assert moment.age(70.0, 1, clock_then) == 30.0  # type: ignore[arg-type] # SQLite's columns take anything
