"""The files of an SQLite database: whose they are, and what happens to them while they are open."""

import os
import re
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.unit.support.sqlite_things import ONE, add, names
from watcher.domain.errors import DatabaseLost, QueueError
from watcher.util.sqlite_file import SqliteFile
from watcher.util.sqlite_place import problem_before_opening


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_was_removed_or_replaced_is_told(
    file: SqliteFile, path: Path, replaced: bool, suffix: str
) -> None:
    names(file)
    gone = path.with_name(path.name + suffix)
    gone.rename(gone.with_suffix(".old"))
    if replaced:
        gone.touch()
    for use in (names, partial(add, name="a")):
        with pytest.raises(
            DatabaseLost, match=re.escape(f"{gone} was removed or replaced while it was open: restart")
        ):
            use(file)


@pytest.fixture
def link(path: Path, tmp_path: Path) -> Path:
    """A link to the database, in another folder and with another name."""
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "other.db"
    link.symlink_to(path)
    return link


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
@pytest.mark.parametrize("replaced", [False, True])
def test_files_beside_the_target_of_a_link_are_looked_after_too(
    link: Path, path: Path, replaced: bool, suffix: str
) -> None:
    gone = path.with_name(path.name + suffix)
    with closing(SqliteFile(link, ONE, QueueError)) as file:
        add(file, "a")
        gone.rename(gone.with_suffix(".old"))
        if replaced:
            gone.touch()
        with pytest.raises(DatabaseLost, match=re.escape(f"{gone} was removed or replaced while it was open")):
            names(file)
        if suffix == "-wal" and not replaced:
            with pytest.raises(
                QueueError, match=rf"{re.escape(str(gone))} was deleted while the database was in use"
            ):
                SqliteFile(link, ONE, QueueError)


def test_a_link_that_is_led_elsewhere_while_it_is_open_is_told(link: Path, path: Path) -> None:
    other = path.with_name("g.db")
    SqliteFile(other, ONE, QueueError).close()
    with closing(SqliteFile(link, ONE, QueueError)) as file:
        add(file, "a")
        link.unlink()
        link.symlink_to(other)
        with pytest.raises(DatabaseLost, match=re.escape(f"{link} was removed or replaced while it was open")):
            names(file)


def test_a_link_to_nothing_is_where_a_database_is_made(link: Path, path: Path) -> None:
    with closing(SqliteFile(link, ONE, QueueError)) as file:
        add(file, "a")
    assert [name.name for name in path.parent.iterdir() if name.is_file()] == ["f.db"]
    assert path.stat().st_mode & 0o777 == 0o600
    with closing(SqliteFile(path, ONE, QueueError)) as file:
        assert names(file) == ["a"]


def test_a_file_that_was_truncated_is_told(file: SqliteFile, path: Path) -> None:
    add(file, "a")
    os.truncate(path, 0)
    with pytest.raises(DatabaseLost, match=r"f\.db was truncated while it was open: restore it"):
        names(file)


def test_other_processes_that_come_and_go_are_no_loss(file: SqliteFile, path: Path) -> None:
    for number in range(3):
        with closing(SqliteFile(path, ONE, QueueError)) as other:
            add(other, str(number))
        with closing(sqlite3.connect(path)) as tool:
            tool.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            tool.execute("VACUUM")
        assert len(names(file)) == number + 1


def test_a_database_whose_log_was_deleted_in_use_is_not_opened(file: SqliteFile, path: Path) -> None:
    add(file, "a")
    path.with_name("f.db-wal").unlink()
    with pytest.raises(QueueError, match=r"f\.db-wal was deleted while the database was in use: stop every process"):
        SqliteFile(path, ONE, QueueError)
    assert not path.with_name("f.db-wal").exists(), "a second log would destroy the first one"


def test_what_is_not_a_regular_file_is_no_database(path: Path) -> None:
    """SQLite would wait for a pipe, or write a journal next to a device."""
    (path.parent / "folder").mkdir()
    os.mkfifo(path.parent / "pipe")
    path.symlink_to("/dev/zero")
    for name in ("folder", "pipe", path.name, "/dev/null"):
        assert problem_before_opening(path.parent / name) == (
            f"{path.parent / name} is not a regular file: name another file"
        )


@pytest.mark.parametrize("create", [False, True])
def test_an_empty_file_is_no_new_database(path: Path, create: bool) -> None:
    path.touch()
    with pytest.raises(QueueError, match=r"f\.db is empty, so it has been truncated: restore it .* or delete it"):
        SqliteFile(path, ONE, QueueError, create=create)
    assert path.stat().st_size == 0


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_its_files_are_for_this_user_alone(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with closing(SqliteFile(path, ONE, QueueError)) as file:
            add(file, "a")
            assert {name.name: name.stat().st_mode & 0o777 for name in path.parent.iterdir()} == {
                "f.db": 0o600,
                "f.db-wal": 0o600,
                "f.db-shm": 0o600,
            }
    finally:
        os.umask(before)


def test_a_file_that_is_there_keeps_its_mode(path: Path) -> None:
    SqliteFile(path, ONE, QueueError).close()
    path.chmod(0o640)
    with closing(SqliteFile(path, ONE, QueueError)) as file:
        add(file, "a")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_system_without_links_will_do(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with closing(SqliteFile(path, ONE, QueueError)) as file:
        add(file, "a")
        assert path.stat().st_mode & 0o777 == 0o600
    assert [name.name for name in path.parent.iterdir()] == ["f.db"]


MALLORY = 4242
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@needs_root
@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize(("owner", "mode"), [(MALLORY, 0o600), (0, 0o622), (0, 0o620)])
def test_root_opens_no_database_that_others_write(path: Path, suffix: str, owner: int, mode: int) -> None:
    SqliteFile(path, ONE, QueueError).close()
    name = path.with_name(path.name + suffix)
    name.touch()
    name.chmod(mode)
    os.chown(name, owner, 0)
    for create in (True, False):
        with pytest.raises(QueueError, match=rf"{re.escape(str(name))} .*, and root runs this: ch"):
            SqliteFile(path, ONE, QueueError, create=create)


@needs_root
@pytest.mark.parametrize(("owner", "mode"), [(0, 0o1777), (0, 0o777), (0, 0o2775), (MALLORY, 0o755)])
@pytest.mark.parametrize("is_link", [False, True])
@pytest.mark.parametrize("is_new", [False, True])
def test_root_opens_no_database_beside_which_others_put_files(
    tmp_path: Path, owner: int, mode: int, *, is_link: bool, is_new: bool
) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    real = folder / "f.db"
    if not is_new:
        SqliteFile(real, ONE, QueueError).close()
    folder.chmod(mode)
    os.chown(folder, owner, 0)
    path = real
    if is_link:
        path = tmp_path / "link.db"
        path.symlink_to(real)
    with pytest.raises(QueueError, match=rf"could be changed by others: its folder {re.escape(str(folder))} "):
        SqliteFile(path, ONE, QueueError)
    assert real.exists() is not is_new


@needs_root
def test_root_makes_no_database_where_somebody_s_link_leads(tmp_path: Path) -> None:
    private, shared = tmp_path / "private", tmp_path / "shared"
    private.mkdir(mode=0o700)
    shared.mkdir()
    shared.chmod(0o1777)
    link = shared / "f.db"
    link.symlink_to(private / "f.db")
    os.chown(link, MALLORY, MALLORY, follow_symlinks=False)
    with pytest.raises(QueueError, match=rf"{re.escape(str(link))} is owned by 4242, and root runs this: chown -h"):
        SqliteFile(link, ONE, QueueError)
    assert not list(private.iterdir())


@needs_root
def test_a_user_opens_it_all_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.parent.chmod(0o1777)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    SqliteFile(path, ONE, QueueError).close()


@needs_root
@pytest.mark.parametrize("folders", [["d"], ["shared", "d"]])
def test_a_folder_of_one_s_own_is_fine_wherever_it_is(tmp_path: Path, folders: list[str]) -> None:
    """As mkdtemp makes it below /tmp, or systemd's StateDirectory behind a link."""
    folder = tmp_path.joinpath(*folders)
    folder.mkdir(parents=True)
    if len(folders) > 1:
        folder.parent.chmod(0o1777)
    folder.chmod(0o700)
    (tmp_path / "state").symlink_to(folder)
    SqliteFile(folder / "f.db", ONE, QueueError).close()
    with closing(SqliteFile(tmp_path / "state" / "f.db", ONE, QueueError)) as file:
        add(file, "a")
        assert names(file) == ["a"]


@pytest.mark.parametrize("name", ["/", "/..", "/.", "..", "."])
def test_a_folder_is_no_database(name: str) -> None:
    with pytest.raises(QueueError):
        SqliteFile(Path(name), ONE, QueueError)
