import os
from pathlib import Path

import pytest

from watcher.util.file_trust import exposure, is_readable_by_everybody

MALLORY, ME, MY_GROUP = 4242, 1000, 1000

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "conf"
    folder.mkdir(mode=0o755)
    return folder


@pytest.fixture
def file(folder: Path) -> Path:
    file = folder / "watcher.toml"
    file.write_text("")
    file.chmod(0o644)
    return file


@pytest.fixture
def as_me(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is a user's; the files stay root's."""
    monkeypatch.setattr(os, "geteuid", lambda: ME)
    monkeypatch.setattr(os, "getegid", lambda: MY_GROUP)


def told(path: Path) -> str:
    found = exposure(path)
    return f"{found.why}: {found.fix}" if found else ""


@needs_root
def test_a_file_of_root_s_own_that_nobody_else_writes_is_trusted(file: Path) -> None:
    assert told(file) == ""
    file.chmod(0o600)
    assert told(file) == ""


@needs_root
@pytest.mark.parametrize(
    ("mode", "writers"),
    [(0o666, "everybody"), (0o646, "everybody"), (0o664, "its group (0)"), (0o620, "its group (0)")],
)
def test_for_root_no_other_may_write_the_file(file: Path, mode: int, writers: str) -> None:
    file.chmod(mode)
    assert told(file) == f"{file} can be written by {writers} (mode {mode:04o}): chmod go-w {file}"


@needs_root
def test_for_root_no_other_may_own_the_file(file: Path) -> None:
    os.chown(file, MALLORY, 0)
    assert told(file) == f"{file} is owned by 4242: chown root {file}"


@needs_root
def test_whoever_writes_the_folder_can_put_another_file_there(file: Path, folder: Path) -> None:
    folder.chmod(0o777)
    assert told(file) == f"its folder {folder} can be written by everybody (mode 0777): chmod go-w {folder}"
    folder.chmod(0o1777)  # as /tmp: names of others stay
    assert told(file) == ""
    os.chown(folder, MALLORY, 0)
    assert told(file) == f"its folder {folder} is owned by 4242: chown root {folder}"


@needs_root
def test_a_link_is_followed_and_each_folder_on_the_way_counts(file: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    link = shared / "watcher.toml"
    link.symlink_to(file)
    assert told(link) == ""
    shared.chmod(0o777)
    assert told(link).startswith(f"its folder {shared} can be written by everybody")
    shared.chmod(0o755)
    file.chmod(0o666)
    assert told(link).startswith(f"{file} can be written by everybody")
    file.chmod(0o644)
    os.chown(link, MALLORY, 0, follow_symlinks=False)
    assert told(link) == f"{link} is owned by 4242: chown -h root {link}"


@needs_root
def test_the_links_of_a_mounted_config_map_are_trusted(folder: Path) -> None:
    """Kubernetes: watcher.toml -> ..data/watcher.toml, and ..data -> a folder with the version's time."""
    version = folder / "..2026_11_28"
    version.mkdir()
    (version / "watcher.toml").write_text("")
    (folder / "..data").symlink_to(version.name)
    (folder / "watcher.toml").symlink_to("..data/watcher.toml")
    assert told(folder / "watcher.toml") == ""
    (version / "watcher.toml").chmod(0o666)
    assert told(folder / "watcher.toml") != ""


@needs_root
def test_what_is_mounted_read_only_nobody_writes(file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of a mounted ConfigMap has mode 0777."""
    folder.chmod(0o777)
    file.chmod(0o664)
    real = os.statvfs
    monkeypatch.setattr(os, "statvfs", lambda path: type("Found", (), {"f_flag": real(path).f_flag | os.ST_RDONLY}))
    assert told(file) == ""
    os.chown(file, MALLORY, 0)
    assert told(file) == f"{file} is owned by 4242: chown root {file}"  # it is what its owner wrote


@needs_root
@pytest.mark.usefixtures("as_me")
@pytest.mark.parametrize(
    ("owner", "group", "mode", "is_exposed"),
    [
        (0, 0, 0o644, False),
        (ME, MY_GROUP, 0o644, False),
        (ME, MY_GROUP, 0o664, False),  # a group of one's own
        (0, 0, 0o660, False),  # a random user in root's group, as OpenShift has it
        (ME, 50, 0o664, True),
        (ME, MY_GROUP, 0o666, True),
        (MALLORY, MY_GROUP, 0o644, True),
    ],
)
def test_for_a_user_who_is_not_root_files_of_root_are_fine_too(
    file: Path, owner: int, group: int, mode: int, *, is_exposed: bool
) -> None:
    os.chown(file, owner, group)
    file.chmod(mode)
    assert bool(told(file)) is is_exposed


@pytest.mark.parametrize("name", ["missing", "missing/watcher.toml", "a\0b", "loop", "dangling"])
def test_what_can_not_be_looked_at_is_left_to_whoever_reads_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nothing")
    assert exposure(tmp_path / name) is None


def test_a_device_is_nobody_s_file() -> None:
    assert exposure(Path(os.devnull)) is None


def test_a_mode_lets_everybody_read_or_not(file: Path) -> None:
    assert is_readable_by_everybody(file)
    file.chmod(0o640)
    assert not is_readable_by_everybody(file)
    assert not is_readable_by_everybody(file / "missing")
