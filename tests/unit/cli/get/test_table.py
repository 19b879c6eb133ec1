"""The sections of `--output table`; `tests/acceptance/test_get` compares whole tables with the AWS CLI's."""

from typing import Any

import pytest

from watcher.cli.get.table import TableSections

Shown = tuple[str | None, int, list[str], list[list[str]]]


def sections(value: Any) -> list[Shown]:
    """Title, level, header and rows of each section."""
    table = TableSections()
    assert table.fill("T", value)
    return [(section.title, section.depth, section.header, section.rows) for section in table.sections]


@pytest.mark.parametrize(
    ("value", "header", "rows"),
    [
        ({"A": 1}, [], [["A", "1"]]),
        ({"B": 2, "A": None}, ["A", "B"], [["None", "2"]]),
        ([{"B": 1}, {"A": 2}], ["A", "B"], [["", "1"], ["2", ""]]),
        (["a", "b"], [], [["a"], ["b"]]),
        ([["a", "b"], ["c", "d"]], [], [["a", "b"], ["c", "d"]]),
    ],
)
def test_a_flat_value_is_one_section(value: Any, header: list[str], rows: list[list[str]]) -> None:
    assert sections(value) == [("T", 0, header, rows)]


def test_nested_members_are_sections_one_level_deeper_by_name() -> None:
    assert sections({"S": 1, "N": {"X": {"Y": 2}}, "L": ["a"]}) == [
        ("T", 0, [], [["S", "1"]]),
        ("L", 1, [], [["a"]]),
        ("N", 1, [], []),
        ("X", 2, [], [["Y", "2"]]),
    ]


def test_a_list_with_nested_members_begins_a_section_for_each_element() -> None:
    assert sections([{"A": 1, "N": {"X": 1}}, {"A": 2}]) == [
        ("T", 0, ["A"], [["1"]]),
        ("N", 1, [], [["X", "1"]]),
        ("T", 0, ["A"], [["2"]]),
    ]


@pytest.mark.parametrize("value", [{}, [], None, "", 0], ids=repr)
def test_nothing_is_no_section(value: Any) -> None:
    table = TableSections()
    assert not table.fill("T", value)
    assert table.sections == []


def test_lists_of_different_lengths_fit_no_table() -> None:
    with pytest.raises(ValueError, match="Row should have 2 elements, instead it has 1"):
        TableSections().fill("T", [["a", "b"], ["c"]])
