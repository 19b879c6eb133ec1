"""CPU, memory and threads of a process and its descendants."""

import os

import pytest

from tests.benchmarks.peers import tree

LINE = "42 (a) b) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 20 30 20 0 5 0 100 1000000 512 rest"


def test_a_line_of_proc_is_read_behind_the_last_bracket() -> None:
    stat = tree.parse(LINE)
    assert (stat.parent, stat.threads) == (7, 5)
    assert stat.cpu == pytest.approx(250 / tree.TICK)
    assert stat.rss == pytest.approx(512 * tree.PAGE / 2**20)


def test_descendants_are_found_over_generations_and_strangers_are_not() -> None:
    assert tree.descendants(1, {2: 1, 3: 2, 4: 3, 5: 9, 9: 0}) == {1, 2, 3, 4}


def test_this_process_uses_something() -> None:
    mine = tree.used(os.getpid())
    assert mine.cpu > 0
    assert mine.rss > 5
    assert mine.threads >= mine.processes >= 1


def test_a_process_that_is_gone_uses_nothing() -> None:
    assert tree.used(2**30) == tree.Used(0, 0, 0, 0)
