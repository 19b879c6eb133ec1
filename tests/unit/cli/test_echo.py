"""Whatever a command writes: a text from elsewhere drives no terminal, and begins no line."""

import json
from collections.abc import Callable

import pytest

from watcher.cli.echo import complain, echo, echo_json, echo_labelled, echo_lines, echo_wrapped

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
        lambda text: echo_wrapped(text, 4),
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


@pytest.mark.parametrize(("width", "indent"), [(80, 6), (40, 6), (40, 24), (12, 6)])
def test_a_terminal_gets_lines_that_fit_and_no_word_is_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int, indent: int
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    text = "  poll 1 not_found in 0.011 s, next in 0.086 s: read-only, then a-b-c-d"
    echo_wrapped(text, indent)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert " ".join(" ".join(lines).split()) == text.strip()
    space = " " * (indent if width >= 3 * indent else 2)
    assert all(line.startswith(space) and line[len(space)] != " " for line in lines[1:])


def test_a_pipe_gets_one_line_of_any_length(capsys: pytest.CaptureFixture[str]) -> None:
    echo_wrapped("word " * 100 + "end", 4)
    assert capsys.readouterr().out == "word " * 100 + "end\n"
