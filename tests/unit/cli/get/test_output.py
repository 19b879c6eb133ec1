"""The forms of output on their own; `tests/acceptance/test_get` compares them with the AWS CLI."""

import pytest

from watcher.cli.get.output import print_answer


def test_nothing_is_printed_for_an_empty_answer(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("json", "text", "table"):
        print_answer(form, {}, title="t", query=None, color="off")
    assert capsys.readouterr().out == ""
