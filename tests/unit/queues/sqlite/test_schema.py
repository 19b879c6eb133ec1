"""How old a row of the queue is, by either of its clocks."""

import pytest

from tests.support import ManualClock
from watcher.queues.sqlite.schema import Moment


@pytest.mark.parametrize("clock_then", [None, "x", b"x", float("inf"), float("-inf")])
def test_a_mark_that_is_no_time_leaves_the_wall_clock(clock_then: object) -> None:
    moment = Moment(100.0, 10.0, 1)
    assert moment.age(70.0, 1, clock_then) == 30.0  # type: ignore[arg-type] # SQLite's columns take anything


@pytest.mark.parametrize(
    ("boot", "age"), [(1, 4.0), (2, 30.0), (None, 30.0)], ids=["this boot", "another boot", "only the wall clock"]
)
def test_the_monotonic_clock_counts_for_a_message_of_this_boot_only(boot: int | None, age: float) -> None:
    assert Moment(100.0, 10.0, 1).age(70.0, boot, 6.0) == age


def test_without_a_boot_of_its_own_a_process_trusts_the_wall_clock_only() -> None:
    assert Moment(100.0, 10.0, None).age(70.0, None, 6.0) == 30.0


@pytest.mark.parametrize("boot", [1, 2])
def test_no_message_is_from_the_future(boot: int) -> None:
    assert Moment(100.0, 10.0, 1).age(170.0, boot, 16.0) == 0.0


def test_a_moment_is_read_from_both_clocks_and_given_to_the_statements() -> None:
    clock = ManualClock()
    values = Moment.read(clock, 7).values
    assert values == {"now": clock.time(), "clock": clock.monotonic(), "boot": 7}
