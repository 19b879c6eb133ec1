import errno
import fcntl
import os
from contextlib import nullcontext, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.support import decision
from watcher.domain.errors import ConfigError, SinkError
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


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_at_the_start_is_no_wrong_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int
) -> None:
    """Exit code 78 would keep a service manager from trying again once there is room."""

    def full(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(SinkError, match=f"path = .*: {os.strerror(number)}: free some space there"):
        FileSink("file", tmp_path / "decisions.jsonl")


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


def test_a_batch_waits_for_another_watcher_s_to_be_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a line of theirs, half written, would be taken for one that a crash cut short, and cut off with ours."""
    path = tmp_path / "decisions.jsonl"
    sink, is_waiting, flock = FileSink("file", path), Event(), fcntl.flock

    def told(descriptor: int, operation: int) -> None:
        is_waiting.set()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", told)
    with path.open("ab", buffering=0) as other:
        flock(other, fcntl.LOCK_EX)
        other.write(LINES[0][:20].encode())
        thread = Thread(target=sink.emit, args=(EVENTS[1:],))
        thread.start()
        assert is_waiting.wait(10.0)
        other.write(f"{LINES[0][20:]}\n".encode())
        assert path.read_text() == f"{LINES[0]}\n"
    thread.join(10.0)
    assert path.read_text().splitlines() == LINES


@pytest.mark.parametrize("fails", [False, True])
def test_the_lock_is_given_back_whatever_happens(
    fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "decisions.jsonl"
    sink = FileSink("file", path)
    if fails:
        monkeypatch.setattr(os, "write", lambda *_: 0)
    with pytest.raises(SinkError) if fails else nullcontext():
        sink.emit(EVENTS)
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_file_is_locked_for_this_watcher_alone_while_it_is_written_and_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "decisions.jsonl"
    sink = FileSink("file", path)
    free: list[str] = []

    def note(call: str) -> None:
        with path.open() as file, suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            free.append(call)

    write = os.write

    def noted_write(descriptor: int, data: bytes) -> int:
        note("write")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", noted_write)
    monkeypatch.setattr(os, "fsync", lambda _: note("fsync"))
    sink.emit(EVENTS)
    assert free == []
    assert path.read_text().splitlines() == LINES


def test_what_cannot_be_locked_is_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network file systems have no locks."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    FileSink("file", tmp_path / "decisions.jsonl").emit(EVENTS)
    assert (tmp_path / "decisions.jsonl").read_text().splitlines() == LINES


@pytest.mark.parametrize("name", ["", "missing/decisions.jsonl"])
def test_a_path_that_cannot_be_written_names_its_key_at_the_start(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        FileSink("audit", tmp_path / name)
    [problem] = caught.value.problems
    assert problem.startswith(f"sinks.audit: path = {str(tmp_path / name)!r}")


def test_a_device_has_nothing_to_sync_and_is_no_error() -> None:
    FileSink("file", "/dev/null").emit(EVENTS)


def test_a_pipe_is_refused_for_what_its_reader_leaves_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with pytest.raises(
        ConfigError, match=r"sinks.audit: path = '.*fifo': a pipe loses data without a reader: name a file"
    ):
        FileSink("audit", path)


def test_a_file_that_is_deleted_while_it_is_written_has_delivered_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "decisions.jsonl"
    sink, fsync = FileSink("file", path), os.fsync

    def delete(descriptor: int) -> None:
        path.unlink(missing_ok=True)
        fsync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", delete)
        with pytest.raises(SinkError, match="deleted while it was being written"):
            sink.emit(EVENTS)
    sink.emit(EVENTS)
    assert path.read_text().splitlines() == LINES


def test_a_file_that_is_moved_away_while_it_is_written_keeps_what_it_got(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, rotated = tmp_path / "decisions.jsonl", tmp_path / "decisions.jsonl.1"
    sink = FileSink("file", path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda _: path.rename(rotated))
        sink.emit(EVENTS)
    assert rotated.read_text().splitlines() == LINES


def test_a_folder_that_is_removed_is_an_error_to_try_again(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "decisions.jsonl"
    path.parent.mkdir()
    sink = FileSink("file", path)
    path.unlink()
    path.parent.rmdir()
    with pytest.raises(SinkError, match="No such file or directory"):
        sink.emit(EVENTS)


def test_a_pipe_that_takes_the_files_place_is_not_written_to(tmp_path: Path) -> None:
    """It would take what nobody reads, and report success."""
    path = tmp_path / "decisions.jsonl"
    sink = FileSink("file", path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(SinkError, match="a pipe loses data without a reader"):
        sink.emit(EVENTS)


def test_an_error_at_the_close_is_one_to_try_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Network file systems tell of a full disk only there."""
    sink, close = FileSink("file", tmp_path / "decisions.jsonl"), os.close

    def fail(descriptor: int) -> None:
        close(descriptor)
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    with monkeypatch.context() as patched:
        patched.setattr(os, "close", fail)
        with pytest.raises(SinkError, match="quota"):
            sink.emit(EVENTS)


MALLORY = 4242
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


@needs_root
@pytest.mark.parametrize(("owner", "mode"), [(MALLORY, 0o600), (0, 0o666), (0, 0o660)])
def test_root_appends_to_no_file_that_others_write(tmp_path: Path, owner: int, mode: int) -> None:
    path = tmp_path / "decisions.jsonl"
    path.touch()
    path.chmod(mode)
    os.chown(path, owner, 0)
    with pytest.raises(ConfigError) as caught:
        FileSink("audit", path)
    [problem] = caught.value.problems
    assert problem.startswith(f"sinks.audit: path = {str(path)!r}: {path} ")
    assert ", and root runs this: ch" in problem


@needs_root
@pytest.mark.parametrize(("owner", "mode"), [(0, 0o1777), (0, 0o777), (0, 0o775), (MALLORY, 0o755)])
@pytest.mark.parametrize("is_there", [False, True])
def test_root_makes_no_file_where_others_can_plant_a_link(
    tmp_path: Path, owner: int, mode: int, *, is_there: bool
) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    path = folder / "decisions.jsonl"
    if is_there:
        path.touch()
    folder.chmod(mode)
    os.chown(folder, owner, 0)
    with pytest.raises(ConfigError, match=f"its folder {folder} .*, and root runs this"):
        FileSink("audit", path)
    assert path.exists() is is_there


@needs_root
@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize("by", ["link", "link to a link", "folder"])
def test_root_follows_no_link_of_somebody_else(tmp_path: Path, shared: Path, by: str, *, is_there: bool) -> None:
    """To make a file is harm enough: /etc/nologin locks everybody out, whatever is in it."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    target = private / "nologin"
    if is_there:
        target.touch()
    planted = shared / "planted"
    planted.symlink_to(private if by == "folder" else target)
    os.chown(planted, MALLORY, MALLORY, follow_symlinks=False)
    path = planted / "nologin" if by == "folder" else planted
    if by == "link to a link":
        path = tmp_path / "own"
        path.symlink_to(planted)
    with pytest.raises(ConfigError, match=f"{planted} is owned by 4242, and root runs this: chown -h"):
        FileSink("audit", path)
    assert target.exists() is is_there
    assert not is_there or target.read_text() == ""


@needs_root
def test_what_was_planted_after_the_start_gets_nothing_and_is_tried_again(tmp_path: Path) -> None:
    path, target = tmp_path / "decisions.jsonl", tmp_path / "target"
    sink = FileSink("audit", path)
    path.unlink()
    path.symlink_to(target)
    os.chown(path, MALLORY, MALLORY, follow_symlinks=False)
    with pytest.raises(SinkError, match=f"{path} is owned by 4242, and root runs this"):
        sink.emit(EVENTS)
    assert not target.exists()
    path.unlink()
    sink.emit(EVENTS)
    assert path.read_text().splitlines() == LINES


@needs_root
def test_a_link_and_a_folder_of_one_s_own_are_fine(tmp_path: Path, shared: Path) -> None:
    own = shared / "own"
    own.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(own / "decisions.jsonl")
    FileSink("audit", tmp_path / "link").emit(EVENTS)
    assert (own / "decisions.jsonl").read_text().splitlines() == LINES


@needs_root
def test_another_user_appends_all_the_same(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    FileSink("audit", shared / "decisions.jsonl").emit(EVENTS)
