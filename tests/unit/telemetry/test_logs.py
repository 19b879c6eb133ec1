import errno
import io
import json
import logging
import sys
from typing import Any

import pytest
import structlog

from watcher.telemetry import logs


def logger() -> Any:
    """A fresh one: those of the modules keep the configuration of their first use."""
    return structlog.get_logger("watcher.test")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_a_json_line_has_level_timestamp_and_event(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    logger().info("decided", session_id="x", polls=3)
    [line] = lines(capsys)
    timestamp = line.pop("timestamp")
    assert timestamp.endswith("Z")
    assert line == {"event": "decided", "level": "info", "session_id": "x", "polls": 3}


def test_a_json_line_stays_one_and_shows_no_control_character(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads it in a terminal is as exposed as with the console's form."""
    logs.configure("info", "json")
    hostile = 'a\x1b[31m\x9b\u202e\u2028\x85\r\n{"event": "forged"}'
    logger().info(hostile, **{hostile: hostile}, nested=[{hostile: hostile}])
    shown = capsys.readouterr().err
    assert [char for char in shown.removesuffix("\n") if not char.isprintable()] == []
    line = json.loads(shown)
    assert (line["event"], line[hostile], line["nested"]) == (hostile, hostile, [{hostile: hostile}])


def test_the_console_shows_no_control_character_of_a_record_or_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("info", "console")
    hostile = "a\x1b[31m\x9b\u202e\u2028"
    logging.getLogger("library").warning("%s\nforged", hostile)
    try:
        raise ValueError(hostile)
    except ValueError:
        logger().exception("failed", detail=f"{hostile}\nforged")
    shown = capsys.readouterr().err
    assert [char for char in shown if not (char.isprintable() or char == "\n")] == []
    assert not [line for line in shown.splitlines() if line.startswith("forged")]


def test_auto_is_json_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "auto")
    logger().info("decided")
    assert lines(capsys)[0]["event"] == "decided"


def test_auto_is_the_console_form_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    logs.configure("info", "auto")
    logger().info("decided")
    assert not capsys.readouterr().err.startswith("{")


def test_the_console_form_is_there_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "console")
    logger().info("decided", polls=3)
    text = capsys.readouterr().err
    assert "decided" in text
    assert "polls=3" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda image: image,
        bytearray,
        memoryview,
        lambda image: {"ReferenceImage": {"Bytes": image}},
        lambda image: [image, (image,)],
        lambda image: {"a": [{"b": {image}}]},
    ],
)
def test_bytes_never_appear(log_format: str, wrap: Any, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", log_format)
    logger().debug("answer", response=wrap(b"\xff\xd8SECRET"))
    text = capsys.readouterr().err
    assert "SECRET" not in text
    assert "<8 bytes>" in text


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_shows_no_local_variables(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", log_format)
    image = b"PIXELS".lower()
    try:
        raise ZeroDivisionError(len(image))
    except ZeroDivisionError:
        logger().critical("thread_died", exc_info=sys.exc_info())
    text = capsys.readouterr().err
    assert "ZeroDivisionError" in text
    assert "Traceback" in text
    assert "pixels" not in text


def test_warnings_of_libraries_are_rendered_and_their_chatter_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "json")
    logging.getLogger("botocore.parsers").debug("Response body: %s", b"SECRET")
    logging.getLogger("urllib3.connectionpool").warning("Connection pool is %s", "full")
    [line] = lines(capsys)
    assert line["event"] == "Connection pool is full"
    assert line["level"] == "warning"
    assert "timestamp" in line


def test_the_level_can_change_at_run_time(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    log = logger()
    log.debug("unheard")
    logs.set_level("debug")
    log.debug("heard")
    logs.set_level("error")
    log.warning("unheard")
    assert [line["event"] for line in lines(capsys)] == ["heard"]


def test_configuring_twice_writes_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    logs.configure("info", "json")
    logger().info("once")
    assert len(lines(capsys)) == 1


class Broken(io.StringIO):
    """A full disk, a closed pipe."""

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_line_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Broken())
    logs.configure("info", "json")
    logger().info("decided")
    monkeypatch.undo()
