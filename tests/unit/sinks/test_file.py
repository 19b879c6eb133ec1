import errno
import os
from pathlib import Path

import pytest

from tests.support import decision
from watcher.errors import ConfigError, SinkError
from watcher.sinks.file import FileSink

EVENTS = [decision(number) for number in range(3)]
LINES = [event.body for event in EVENTS]


def test_events_are_appended_a_line_each(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    sink = FileSink("file", path)
    sink.emit(EVENTS[:2])
    sink.emit(EVENTS[2:])
    sink.close()
    assert path.read_text() == "".join(f"{line}\n" for line in LINES)


def test_what_is_there_already_stays(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_text("before\n")
    FileSink("file", path).emit(EVENTS[:1])
    assert path.read_text().splitlines() == ["before", LINES[0]]


def test_a_torn_last_line_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_text(LINES[0][:20])
    FileSink("file", path).emit(EVENTS[:2])
    assert path.read_text().splitlines() == [LINES[0][:20], LINES[0], LINES[1]]


def test_after_a_rotation_a_new_file_is_begun(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    sink = FileSink("file", path)
    sink.emit(EVENTS[:1])
    path.rename(tmp_path / "decisions.jsonl.1")
    sink.emit(EVENTS[1:2])
    assert path.read_text().splitlines() == LINES[1:2]
    assert (tmp_path / "decisions.jsonl.1").read_text().splitlines() == LINES[:1]


def test_the_file_is_not_for_everybody(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    umask = os.umask(0)
    try:
        FileSink("file", path).emit(EVENTS)
    finally:
        os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_batch_is_synced_before_it_counts_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "decisions.jsonl"
    sink, synced = FileSink("file", path), list[str]()
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(path.read_text()))
    sink.emit(EVENTS[:1])
    assert synced == [f"{LINES[0]}\n"]


@pytest.mark.parametrize("call", ["write", "fsync", "open"])
def test_a_disk_error_is_one_to_try_again_and_leaks_no_descriptor(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "decisions.jsonl"
    sink = FileSink("file", path)
    before = len(list(Path("/proc/self/fd").iterdir()))

    def fail(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises(SinkError, match="Input/output error") as caught:
            sink.emit(EVENTS)
    assert str(path) in str(caught.value)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    sink.emit(EVENTS)
    assert path.read_text().splitlines()[-3:] == LINES


def test_a_disk_that_takes_only_a_part_keeps_none_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "decisions.jsonl"
    sink, write = FileSink("file", path), os.write
    sink.emit(EVENTS[:1])
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:30]))
        with pytest.raises(SinkError, match="no space left"):
            sink.emit(EVENTS[1:])
    sink.emit(EVENTS[1:])
    assert path.read_text().splitlines() == LINES


@pytest.mark.parametrize("name", ["", "missing/decisions.jsonl"])
def test_a_path_that_cannot_be_written_names_its_key_at_the_start(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        FileSink("audit", tmp_path / name)
    [problem] = caught.value.problems
    assert problem.startswith(f"sinks.audit: path = {str(tmp_path / name)!r}")


def test_a_device_has_nothing_to_sync_and_is_no_error() -> None:
    FileSink("file", "/dev/null").emit(EVENTS)


def test_a_pipe_gets_each_event_once(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        FileSink("file", path).emit(EVENTS)
        assert os.read(reader, 100_000).decode() == "".join(f"{line}\n" for line in LINES)
    finally:
        os.close(reader)
