import io
import logging
import os
import sys
from pathlib import Path

import pytest

from watcher.telemetry import logs
from watcher.telemetry.journal import JournalFormatter, is_journal, marked, priority


def stream_id(descriptor: int) -> str:
    status = os.fstat(descriptor)
    return f"{status.st_dev}:{status.st_ino}"


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (logging.DEBUG, 7),
        (logging.INFO, 6),
        (logging.WARNING, 4),
        (logging.ERROR, 3),
        (logging.CRITICAL, 2),
        (logging.ERROR + 5, 3),
        (1, 7),
    ],
)
def test_each_level_has_its_priority(level: int, expected: int) -> None:
    assert priority(level) == expected


def test_every_line_of_a_record_has_the_priority() -> None:
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "broken\nhere", None, None)
    try:
        raise ZeroDivisionError("a bug")
    except ZeroDivisionError:
        record.exc_info = sys.exc_info()
    lines = JournalFormatter(logging.Formatter("%(message)s")).format(record).splitlines()
    assert lines[:3] == ["<3>broken", "<3>here", "<3>Traceback (most recent call last):"]
    assert lines[-1] == "<3>ZeroDivisionError: a bug"
    assert all(line.startswith("<3>") for line in lines)


def test_a_stream_is_the_journal_only_if_it_is_the_very_file_that_the_variable_names(tmp_path: Path) -> None:
    with (tmp_path / "a").open("w") as journal, (tmp_path / "b").open("w") as other:
        named = {"JOURNAL_STREAM": stream_id(journal.fileno())}
        assert is_journal(journal, named)
        assert not is_journal(other, named)
        assert not is_journal(journal, {})
        assert not is_journal(journal, {"JOURNAL_STREAM": "nonsense"})


def test_a_stream_without_a_file_is_no_journal(tmp_path: Path) -> None:
    assert not is_journal(io.StringIO(), {"JOURNAL_STREAM": ":"})
    with (tmp_path / "a").open("w") as closed:
        named = {"JOURNAL_STREAM": stream_id(closed.fileno())}
    assert not is_journal(closed, named)


@pytest.mark.parametrize("named", [True, False])
def test_logs_are_marked_where_standard_error_is_the_journal_and_only_there(
    named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "log").open("w+") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("JOURNAL_STREAM", stream_id(stream.fileno()) if named else "1:1")
        logs.configure("info", "auto")
        logging.getLogger("urllib3").warning("pool is full")
        stream.seek(0)
        text = stream.read()
    assert text.startswith('<4>{"timestamp"' if named else '{"timestamp"')


def test_a_text_that_is_no_record_is_marked_as_an_error_in_the_journal_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "log").open("w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.delenv("JOURNAL_STREAM", raising=False)
        assert marked("Error: the disk\nis full") == "Error: the disk\nis full"
        monkeypatch.setenv("JOURNAL_STREAM", stream_id(stream.fileno()))
        assert marked("Error: the disk\nis full") == "<3>Error: the disk\n<3>is full"
