"""Whether the output is a terminal, how wide it is, and how colours get to it."""

import io
import os
import sys
from pathlib import Path

import pytest

from watcher.cli.get.terminal import FALLBACK_WIDTH, RESET, ResettingStream, stdout_is_terminal, stdout_width


@pytest.mark.parametrize("stream", [io.StringIO(), None], ids=["captured", "closed at the start"])
def test_what_is_no_file_is_no_terminal(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None) -> None:
    monkeypatch.setattr(sys, "stdout", stream)
    assert not stdout_is_terminal()
    assert stdout_width() == FALLBACK_WIDTH


def test_a_file_and_a_closed_one_are_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open("w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert (stdout_is_terminal(), stdout_width()) == (False, FALLBACK_WIDTH)
    assert (stdout_is_terminal(), stdout_width()) == (False, FALLBACK_WIDTH)


@pytest.mark.parametrize("width", [0, 40, 300])
def test_a_terminal_is_as_wide_as_it_says(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    import termios

    leader, follower = os.openpty()
    termios.tcsetwinsize(follower, (24, width))
    with os.fdopen(follower, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert (stdout_is_terminal(), stdout_width()) == (True, width)
    os.close(leader)


def test_every_write_ends_with_a_reset() -> None:
    stream = io.StringIO()
    resetting = ResettingStream(stream)
    assert [resetting.write("line\n"), resetting.write("")] == [5, 0]
    assert resetting.getvalue() == f"line\n{RESET}{RESET}"


def test_the_text_is_out_before_its_reset() -> None:
    """If the reader has gone, the error comes with the text."""
    done: list[str] = []

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            done.append(text)
            return len(text)

        def flush(self) -> None:
            done.append("flush")

    ResettingStream(Stream()).write("text")
    assert done == ["text", "flush", RESET]
