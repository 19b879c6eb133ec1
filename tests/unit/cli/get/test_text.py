"""`--output text` on its own; `tests/acceptance/test_get` compares it with the AWS CLI."""

from typing import Any

import pytest

from watcher.cli.get.text import text_lines

ANSWER = {"SessionId": "s", "Status": "SUCCEEDED", "AuditImages": [{"Bytes": "AA=="}, {"S3Object": {"Name": "n"}}]}


def test_text_has_a_line_for_each_dictionary() -> None:
    expected = ["s\tSUCCEEDED\n", "AUDITIMAGES\tAA==\n", "AUDITIMAGES\t\n", "S3OBJECT\tn\n"]
    assert list(text_lines(ANSWER)) == expected


@pytest.mark.parametrize(("value", "line"), [(None, "None\n"), (True, "True\n"), (97.5, "97.5\n"), ("x", "x\n")])
def test_text_of_a_scalar_is_the_scalar(value: Any, line: str) -> None:
    assert list(text_lines(value)) == [line]


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (["a", 1, None], ["a\t1\tNone\n"]),
        ({"Z": "z", "L": ["a", "b"]}, ["z\n", "L\ta\n", "L\tb\n"]),
        ([["a", "b"], ["c"]], ["a\tb\n", "c\n"]),
        ([1, [2], 3], ["1\t3\n", "2\n"]),
        ({"N": {"M": {"O": 1}}}, ["M\t1\n"]),
    ],
)
def test_a_query_s_result_of_any_form_has_its_lines(value: Any, lines: list[str]) -> None:
    assert list(text_lines(value)) == lines


def test_the_lines_of_a_list_of_dictionaries_align() -> None:
    value = [{"B": 2}, {"A": 1}, {"A": 3, "B": 4, "C": {"D": 5}}]
    assert list(text_lines(value)) == ["\t2\n", "1\t\n", "3\t4\n", "C\t5\n"]


@pytest.mark.parametrize("value", [{}, [], [{}], [[]], {"A": {}}, {"A": []}], ids=str)
def test_nothing_has_no_line(value: Any) -> None:
    assert list(text_lines(value)) == []
