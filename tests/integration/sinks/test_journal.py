"""Decisions in the journal, over a real socket."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from tests.integration.support.journal import Journal
from tests.support import decision
from watcher.domain.errors import ConfigError, SinkError
from watcher.domain.event_result import DELIVERED
from watcher.domain.model import DecisionEvent
from watcher.sinks import stdout
from watcher.sinks.journal import JournalSink
from watcher.sinks.stdout import open_stdout

EVENTS = [decision(number) for number in range(30)]


def test_each_event_is_a_record_with_the_identifier_of_decisions(tmp_path: Path) -> None:
    with Journal(tmp_path / "socket") as there:
        assert list(JournalSink("out", str(there.path)).emit(EVENTS)) == [DELIVERED] * len(EVENTS)
        records = [there.next() for _ in EVENTS]
    assert [record["MESSAGE"] for record in records] == [event.body for event in EVENTS]
    assert {record["SYSLOG_IDENTIFIER"] for record in records} == {"liveness-decisions"}
    assert {record["PRIORITY"] for record in records} == {"6"}


def test_an_event_that_no_datagram_holds_arrives_whole(tmp_path: Path) -> None:
    """A context may have 240 KiB, and a socket's buffer has 208 KiB by default."""
    large = DecisionEvent(EVENTS[0].key, json.dumps({"context": "x" * 900_000}))
    with Journal(tmp_path / "socket") as there:
        JournalSink("out", str(there.path)).emit([EVENTS[1], large, EVENTS[2]])
        assert [there.next()["MESSAGE"] for _ in range(3)] == [EVENTS[1].body, large.body, EVENTS[2].body]


def test_no_content_adds_a_field_or_a_record(tmp_path: Path) -> None:
    body = json.dumps({"context": "a\nSYSLOG_IDENTIFIER=sshd\u2028\x85_UID=0"}, ensure_ascii=False)
    with Journal(tmp_path / "socket") as there:
        JournalSink("out", str(there.path)).emit([DecisionEvent(EVENTS[0].key, body)])
        record = there.next()
    assert record.keys() == {"SYSLOG_IDENTIFIER", "PRIORITY", "MESSAGE"}
    assert json.loads(record["MESSAGE"]) == json.loads(body)


def test_a_socket_that_was_replaced_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with Journal(path):
        sink = JournalSink("out", str(path))
    with pytest.raises(SinkError, match="socket: No such file"):
        sink.emit(EVENTS[:1])
    with Journal(path) as there:
        sink.emit(EVENTS[1:2])
        assert there.next()["MESSAGE"] == EVENTS[1].body
    sink.close()


@contextmanager
def standard_output(folder: Path, named: str = "") -> Iterator[Path]:
    """Standard output that is the journal, or not, if that has another name; gives the path of its file.

    Within a test, because pytest itself replaces standard output between a fixture and its test.
    """
    with (folder / "stdout").open("w") as stream, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        status = os.fstat(stream.fileno())
        patch.setenv("JOURNAL_STREAM", named or f"{status.st_dev}:{status.st_ino}")
        patch.setattr(stdout, "JournalSink", lambda name: JournalSink(name, str(folder / "socket")))
        yield folder / "stdout"


def test_standard_output_that_is_the_journal_gets_records(tmp_path: Path) -> None:
    with standard_output(tmp_path) as file, Journal(tmp_path / "socket") as there:
        open_stdout("out").emit(EVENTS[:1])
        assert there.next()["MESSAGE"] == EVENTS[0].body
        assert file.read_text() == ""


def test_any_other_standard_output_gets_lines(tmp_path: Path) -> None:
    """The variable is inherited by processes whose output goes elsewhere."""
    with standard_output(tmp_path, "1:1") as file, Journal(tmp_path / "socket"):
        open_stdout("out").emit(EVENTS[:1])
        assert file.read_text() == f"{EVENTS[0].body}\n"


def test_without_the_journals_socket_decisions_are_on_standard_output_and_the_log_says_so(tmp_path: Path) -> None:
    with standard_output(tmp_path) as file, structlog.testing.capture_logs() as logged:
        open_stdout("out").emit(EVENTS[:1])
        assert file.read_text() == f"{EVENTS[0].body}\n"
    [warning] = logged
    assert (warning["event"], warning["log_level"]) == ("journal_socket_unavailable", "warning")
    assert "No such file" in warning["error"]


def test_a_closed_standard_output_is_a_setting_to_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(ConfigError, match="standard output is closed"):
        open_stdout("out")
