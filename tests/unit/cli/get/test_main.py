"""What a run leaves behind, whichever way it ends."""

import logging
import sys

import pytest

from watcher.cli.get.main import run

ID = ["--session-id", "3f1d7e9a-0c52-4b8e-9d7f-2a6b1c0e4d5f", "--region", "eu-west-1", "--no-sign-request"]


def test_the_debug_log_is_over_when_the_run_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*ID, "--debug", "--cli-input-json", "x"]) == 255
    assert "ending with 255" in capsys.readouterr().err
    for name in ("botocore", "urllib3", "watcher"):
        logger = logging.getLogger(name)
        assert (logger.handlers, logger.level, logger.propagate) == ([], logging.NOTSET, True)


def test_coloured_streams_are_put_back(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    streams = sys.stdout, sys.stderr
    assert run([*ID, "--generate-cli-skeleton", "output", "--output", "table", "--color", "on"]) == 0
    assert (sys.stdout, sys.stderr) == streams
    assert "\x1b[34m" in capsys.readouterr().out


def test_an_interrupt_anywhere_is_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("watcher.cli.get.parser.parse_watcher", interrupted)
    assert run(ID) == 130
    assert capsys.readouterr().out == "\n"


def test_a_bug_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("watcher.cli.get.parser.parse_watcher", broken)
    assert run(ID) == 255
    assert capsys.readouterr().err == "\noops\n"
