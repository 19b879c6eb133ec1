"""Whatever a command writes: a text from elsewhere drives no terminal, and begins no line."""

import json
from collections.abc import Callable

import pytest

from watcher.cli.echo import complain, echo, echo_json, echo_labelled, echo_lines

HOSTILE = "a\x1b[2J\x9b31m\u202eb\u2066\u2028c\x85d\x00\x7f\r\tforged"


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert not (captured.out and captured.err)
    return captured.out or captured.err


@pytest.mark.parametrize(
    "write",
    [
        echo,
        lambda text: echo(text, err=True),
        lambda text: echo_labelled("ok ", "green", text),
        lambda text: echo_json(json.dumps({text: [text]}, ensure_ascii=False)),
        complain,
    ],
)
def test_a_line_stays_one_and_has_no_control_character(
    write: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    write(f"{HOSTILE}\nforged")
    line, end, rest = shown(capsys).rpartition("\n")
    assert (end, rest) == ("\n", "")
    assert line.isprintable()
    assert "forged" in line


@pytest.mark.parametrize("is_error", [False, True])
def test_lines_that_we_break_ourselves_have_no_other_control_character(
    is_error: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    echo_lines(f"{HOSTILE}\nsecond\tpart", err=is_error)
    lines = shown(capsys).splitlines()
    assert len(lines) == 2
    assert all(char.isprintable() or char == "\t" for line in lines for char in line)


def test_json_stays_the_same_document(capsys: pytest.CaptureFixture[str]) -> None:
    document = {HOSTILE: [HOSTILE, "ü💡"]}
    echo_json(json.dumps(document, ensure_ascii=False))
    assert json.loads(shown(capsys)) == document
