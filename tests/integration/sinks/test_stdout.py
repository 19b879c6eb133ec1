import errno
import io
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.support import ROOT, decision
from watcher.domain.errors import ConfigError, SinkError, SinkGone
from watcher.domain.model import DecisionEvent
from watcher.sinks.stdout import StdoutSink

EVENTS = [decision(number) for number in range(3)]


def test_events_are_written_a_line_each_and_flushed() -> None:
    disk = SmallDisk(1_000_000)
    sink = StdoutSink("out", disk)
    sink.emit(EVENTS)
    assert disk.taken.decode() == "".join(f"{event.body}\n" for event in EVENTS)
    sink.close()
    assert not disk.closed


def test_characters_that_drive_a_terminal_are_written_in_json_s_notation() -> None:
    body = json.dumps({"context": "\x9b31m\u202e\x7f\u2028"}, ensure_ascii=False)
    disk = SmallDisk(1_000_000)
    StdoutSink("out", disk).emit([DecisionEvent(EVENTS[0].key, body)])
    written = disk.taken.decode().removesuffix("\n")
    assert written.isprintable()
    assert json.loads(written) == json.loads(body)


def test_a_reader_that_is_gone_ends_the_sink_for_good() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with io.FileIO(writer, "wb") as stream, pytest.raises(SinkGone, match="nothing reads"):
        StdoutSink("stdout", stream).emit(EVENTS)


def test_a_full_disk_behind_a_redirect_is_one_to_try_again() -> None:
    with io.FileIO("/dev/full", "wb") as stream, pytest.raises(SinkError, match="No space left"):
        StdoutSink("stdout", stream).emit(EVENTS)


class SmallDisk(io.RawIOBase):
    """Takes so many bytes, then none until there is room again."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = bytes(data)[: self.room]
        self.room -= len(taken)
        self.taken += taken
        return len(taken)


@pytest.mark.parametrize("room", [0, 10, 700, 1000])
def test_after_a_failure_every_event_comes_whole_on_a_line_of_its_own(room: int) -> None:
    disk = SmallDisk(room)
    sink = StdoutSink("stdout", disk)
    events = [decision(number) for number in range(4)]
    with pytest.raises(SinkError):
        sink.emit(events)
    disk.room = 1_000_000
    sink.emit(events)
    sink.emit(events[:1])
    lines = disk.taken.decode().splitlines()
    expected = [event.body for event in events]
    assert lines[-5:] == [*expected, expected[0]]


def test_a_closed_standard_output_is_a_setting_to_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(ConfigError, match="standard output is closed"):
        StdoutSink("stdout")


BROKEN_PIPE = """
import sys
from tests.support import decision
from watcher.domain.errors import SinkGone
from watcher.sinks.stdout import StdoutSink
sink = StdoutSink()
sys.stdin.read()
try:
    sink.emit([decision(number) for number in range(1000)])
except SinkGone:
    sys.exit(7)
"""


def test_a_broken_pipe_leaves_no_traceback_at_the_exit() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BROKEN_PIPE],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, error = process.communicate(b"", timeout=30)
    assert process.returncode == 7
    assert error == b""
