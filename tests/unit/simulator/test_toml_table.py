"""Reading a table key by key: the value, its default, or a problem with key, value and fix."""

import math
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from watcher.simulator.toml_table import TomlTable


def a_table(text: str, path: str = "hints") -> TomlTable:
    return TomlTable(tomllib.loads(text), path, [])


@pytest.mark.parametrize(
    ("read", "default"),
    [
        (lambda table: table.number("a", 7.0), 7.0),
        (lambda table: table.flag("a", default=True), True),
        (lambda table: table.text("a", "usual"), "usual"),
        (lambda table: table.items("a", str, "strings"), []),
        (lambda table: table.tables("a"), []),
        (lambda table: table.table("a").content, {}),
        (lambda table: table.take("a"), None),
    ],
)
def test_what_is_not_there_has_its_default_and_is_no_problem(read: Callable[[TomlTable], Any], default: Any) -> None:
    table = a_table("")
    assert read(table) == default
    table.finish()
    assert table.problems == []


@pytest.mark.parametrize("value", ["1", "2.5", "4"])
def test_a_number_within_its_bounds_is_taken(value: str) -> None:
    table = a_table(f"a = {value}")
    assert table.number("a", 3.0, 1, 4) == float(value)
    assert table.problems == []


@pytest.mark.parametrize("value", ["0.999", "4.001", "nan", "inf", "-inf", "true", '"2"', "[2]", "2026-01-01"])
def test_any_other_number_is_a_problem_and_the_default_counts(value: str) -> None:
    table = a_table(f"a = {value}")
    assert table.number("a", 3.0, 1, 4) == 3.0
    (problem,) = table.problems
    assert problem == f"hints.a = {table.content['a']!r}: give a number from 1 to 4"


def test_a_whole_number_has_no_fraction_and_bounds_may_be_open() -> None:
    table = a_table("a = 2.0\nb = -1\nc = inf\nd = 'x'")
    assert (table.number("a", 1, whole=True), table.number("b", 1), table.number("c", 1)) == (1, 1, math.inf)
    table.number("d", 1, -math.inf)
    assert table.problems == [
        "hints.a = 2.0: give a whole number of 0 or more",
        "hints.b = -1: give a number of 0 or more",
        "hints.d = 'x': give a number (any)",
    ]


def test_a_flag_is_true_or_false() -> None:
    table = a_table("a = false\nb = 1\nc = 'true'")
    assert [table.flag(key, default=True) for key in "abc"] == [False, True, True]
    assert table.problems == ["hints.b = 1: give true or false", "hints.c = 'true': give true or false"]


def test_a_text_that_is_no_choice_names_the_nearest() -> None:
    table = a_table("a = 'messag'\nb = 5\nc = ''\nd = 'message'\ne = 'zzz'", path="")
    choices = ("s3", "message")
    assert [table.text(key, "s3", choices) for key in "abcde"] == ["s3", "s3", "s3", "message", "s3"]
    assert table.problems == [
        "a = 'messag': use one of s3, message (did you mean message?)",
        'b = 5: give a string in "quotes"',
        "c = '': use one of s3, message",
        "e = 'zzz': use one of s3, message",
    ]


def test_a_list_with_one_wrong_value_is_wrong() -> None:
    table = a_table("a = ['x', 'y']\nb = ['x', 5]\nc = 'x'")
    assert [table.items(key, str, "strings") for key in "abc"] == [["x", "y"], [], []]
    assert [problem.rpartition(": ")[2] for problem in table.problems] == ["give a list of strings"] * 2


def test_problems_in_tables_name_the_whole_way() -> None:
    table = a_table("[[endings]]\n[[endings]]\nweight = -1\n[endings.box]\nleft = 'x'\n[rate]\nburst = 'x'", path="")
    first, second = table.tables("endings")
    for one in (first, second):
        one.number("weight", 1)
        one.table("box").number("left", 0, -1, 1)
    table.table("rate").number("burst", 0)
    assert [problem.partition(" = ")[0] for problem in table.problems] == [
        "endings[2].weight",
        "endings[2].box.left",
        "rate.burst",
    ]


def test_what_is_no_table_is_a_problem_and_counts_as_empty() -> None:
    table = a_table("a = 5\nb = [1]\nc = {}")
    assert (table.table("a").content, table.tables("b"), table.tables("c")) == ({}, [], [])
    assert table.problems == [
        "hints.a = 5: give a table, { name = value }",
        "hints.b = [1]: give a list of tables, written [[hints.b]] or {...}",
        "hints.c = {}: give a list of tables, written [[hints.c]] or {...}",
    ]


def test_a_key_that_nobody_read_is_unknown_and_the_nearest_is_named() -> None:
    table = a_table("share = 1\nshrae = 2\nzzz = 3")
    table.number("share", 0)
    table.number("delay", 0)
    table.finish()
    assert table.problems == [
        "hints.shrae = 2: no such key; known are share, delay (did you mean share?)",
        "hints.zzz = 3: no such key; known are share, delay",
    ]
