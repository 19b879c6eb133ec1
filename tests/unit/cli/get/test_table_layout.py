"""How a table is drawn; `tests/acceptance/test_get` compares whole tables with the AWS CLI's."""

import io

import pytest

from watcher.cli.get.table_layout import Drawing, Section, display_width
from watcher.cli.get.terminal import BRIGHT_BLUE, DIM_YELLOW, RESET


def test_wide_characters_take_two_columns() -> None:
    assert (display_width("ab"), display_width("顔"), display_width("é"), display_width("ü"), display_width(5)) == (
        2,
        2,
        2,
        2,
        1,
    )


def test_column_widths_add_up_to_the_table() -> None:
    for total in range(20, 90):
        section = Section("t")
        section.add_row(["a", "bb" * 9, "", "dddd"])
        assert sum(section.column_widths(total)) == total


def test_rows_of_different_lengths_are_refused() -> None:
    section = Section("t")
    section.add_row([1])
    with pytest.raises(ValueError, match="Row should have 1 elements, instead it has 2"):
        section.add_row([1, 2])


def drawn(*sections: Section, width: int = 80, coloured: bool = False) -> str:
    stream = io.StringIO()
    Drawing(stream, width, coloured=coloured).draw(sections)
    return stream.getvalue()


def a_section(title: str, header: list[str], *rows: list[str], depth: int = 0) -> Section:
    section = Section(title, depth)
    section.set_header(header)
    for row in rows:
        section.add_row(row)
    return section


def test_levels_have_bars_around_them_and_one_width() -> None:
    outer = a_section("Answer", ["Status", "Id"], ["FAILED", "7"])
    inner = a_section("顔", ["Name"], ["x"], depth=1)
    assert drawn(outer, inner).splitlines() == [
        "------------------",
        "|     Answer     |",
        "+---------+------+",
        "| Status  | Id   |",
        "+---------+------+",
        "|  FAILED |  7   |",
        "+---------+------+",
        "||      顔      ||",
        "|+--------------+|",
        "||     Name     ||",
        "|+--------------+|",
        "||  x           ||",
        "|+--------------+|",
    ]


def test_a_table_too_wide_turns_its_rows_upright() -> None:
    section = a_section("t", ["a", "b"], ["x" * 30, "y" * 30])
    turned = drawn(section, width=50).splitlines()
    assert drawn(section, width=section.natural_width()).splitlines()[3].split() == ["|", "a", "|", "b", "|"]
    assert [line[:4] for line in turned[3:5]] == ["|  a", "|  b"]
    assert all(len(line) == len(turned[0]) for line in turned)


def test_several_rows_and_rows_without_a_header_stay_as_they_are() -> None:
    for section in (a_section("t", ["a"], ["1"], ["2"]), a_section("t", ["a"])):
        assert section.upright() is section
    listed = Section("t")
    listed.add_row(["a", 1])
    assert listed.upright() is listed


def test_colours_surround_bars_and_values_and_take_no_room() -> None:
    section = a_section("t", ["a", "b"], ["1", "2"], depth=1)
    plain, coloured = drawn(section), drawn(section, coloured=True)
    assert f"{DIM_YELLOW}|{RESET}|  {BRIGHT_BLUE}1{RESET} " in coloured
    for code in (DIM_YELLOW, BRIGHT_BLUE, RESET):
        coloured = coloured.replace(code, "")
    assert coloured == plain
