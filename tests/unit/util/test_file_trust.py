import os
from pathlib import Path

import pytest

from watcher.util.file_trust import ExposedFile, exposure, is_readable_by_everybody, refuse_exposed

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


@needs_root
@pytest.mark.parametrize(("mode", "owner"), [(0o777, 0), (0o775, 0), (0o755, MALLORY)])
def test_each_folder_above_counts(tmp_path: Path, mode: int, owner: int) -> None:
    above = tmp_path / "srv"
    file = above / "app" / "conf" / "watcher.toml"
    file.parent.mkdir(parents=True)
    file.write_text("")
    above.chmod(mode)
    os.chown(above, owner, 0)
    assert told(file).startswith(f"its folder {above} ")
    link = tmp_path / "watcher.toml"
    link.symlink_to(tmp_path / "srv" / "app" / ".." / "app" / "conf" / "watcher.toml")
    assert told(link).startswith(f"its folder {above} ")
    (tmp_path / "conf").symlink_to(file.parent)
    assert told(tmp_path / "conf" / "watcher.toml").startswith(f"its folder {above} ")


@needs_root
def test_what_others_add_to_a_sticky_folder_above_is_theirs(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    file = shared / "theirs" / "watcher.toml"
    file.parent.mkdir(parents=True)
    file.write_text("")
    shared.chmod(0o1777)
    assert told(file) == ""
    os.chown(file.parent, MALLORY, 0)
    assert told(file) == f"its folder {file.parent} is owned by 4242: chown root {file.parent}"


@needs_root
@pytest.mark.usefixtures("as_me")
def test_the_group_of_a_pod_s_volumes_is_its_own(file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes gives a volume to fsGroup, which is a supplementary group that has no name in the container."""
    os.chown(folder, 0, 2_000_123)
    folder.chmod(0o2775)
    assert "can be written by its group (2000123)" in told(file)
    monkeypatch.setattr(os, "getgroups", lambda: [MY_GROUP, 2_000_123])
    assert told(file) == ""


@needs_root
def test_root_reads_only_what_can_be_judged(file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_exposed(file, file.stat())
    opened = file.stat()
    file.rename(folder / "moved")
    with pytest.raises(ExposedFile, match="can't be checked"):
        refuse_exposed(file, opened)
    file.write_text("")
    with pytest.raises(ExposedFile, match=r"was replaced while it was read, and root runs this: try again"):
        refuse_exposed(file, opened)
    file.chmod(0o666)
    with pytest.raises(ExposedFile, match=r"can be written by everybody \(mode 0666\)"):
        refuse_exposed(file, file.stat())
    monkeypatch.setattr(os, "geteuid", lambda: ME)
    refuse_exposed(file, opened)


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


@needs_root
def test_what_others_own_on_the_way_is_told_also_if_there_is_nothing_at_its_end(tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    planted.symlink_to(tmp_path / "missing")
    os.chown(planted, MALLORY, MALLORY, follow_symlinks=False)
    for path in (planted, planted / "x"):
        assert told(path).startswith(f"{planted} is owned by 4242")
