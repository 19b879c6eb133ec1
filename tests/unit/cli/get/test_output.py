"""The forms of output on their own; `tests/acceptance/test_get` compares them with the AWS CLI."""

from typing import Any

import pytest

from watcher.cli.get.output import print_answer
from watcher.cli.get.table import TableSections
from watcher.cli.get.table_layout import Drawing, Section, display_width
from watcher.cli.get.text import text_lines

ANSWER = {"SessionId": "s", "Status": "SUCCEEDED", "AuditImages": [{"Bytes": "AA=="}, {"S3Object": {"Name": "n"}}]}


def test_text_has_a_line_for_each_dictionary() -> None:
    expected = ["s\tSUCCEEDED\n", "AUDITIMAGES\tAA==\n", "AUDITIMAGES\t\n", "S3OBJECT\tn\n"]
    assert list(text_lines(ANSWER)) == expected


@pytest.mark.parametrize(("value", "line"), [(None, "None\n"), (True, "True\n"), (97.5, "97.5\n"), ("x", "x\n")])
def test_text_of_a_scalar_is_the_scalar(value: Any, line: str) -> None:
    assert list(text_lines(value)) == [line]


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


def test_a_table_too_wide_turns_its_rows_upright() -> None:
    table = TableSections()
    table.fill("t", {"a": "x" * 30, "b": "y" * 30})
    written: list[str] = []

    class Writer:
        def write(self, text: str, /) -> int:
            written.append(text)
            return len(text)

    Drawing(Writer(), 50, coloured=False).draw(table.sections)
    lines = "".join(written).splitlines()
    assert next(line for line in lines if "xxx" in line).startswith("|  a")


def test_nothing_is_printed_for_an_empty_answer(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("json", "text", "table"):
        print_answer(form, {}, title="t", query=None, color="off")
    assert capsys.readouterr().out == ""
