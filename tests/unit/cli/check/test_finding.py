"""The line that each finding becomes."""

import pytest

from watcher.cli.check.finding import TEXT_COLUMN, Finding, failed, ok, warning


def test_a_finding_is_one_line_in_columns() -> None:
    assert ok("queue", "two\nlines").line == "ok       queue          two lines"
    assert failed("queue", "it is gone", "make it").line == "failed   queue          it is gone - fix: make it"


def test_a_fix_is_optional_and_then_its_word_is_left_out() -> None:
    assert warning("region", "us-east-1, by default").line == "warning  region         us-east-1, by default"
    assert failed("clock", "it is wrong").line.endswith("it is wrong")


@pytest.mark.parametrize(
    "text", ["a\r\nok queue", "a\tok queue", "a\x0bok queue", "a\u2028ok queue", " a  ok queue "]
)
def test_no_foreign_text_begins_a_line_of_its_own(text: str) -> None:
    assert failed("queue", text, text).line == "failed   queue          a ok queue - fix: a ok queue"


@pytest.mark.parametrize("found", [ok("s", "text"), warning("s", "text"), failed("s", "text"), ok("s" * 14, "text")])
def test_the_text_begins_in_the_column_that_wrapped_lines_are_indented_to(found: Finding) -> None:
    assert found.line.index("text") == TEXT_COLUMN
