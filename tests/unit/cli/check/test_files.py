"""Whether the doctor can say of a file that the watcher may write it, and nobody else."""

import os
from pathlib import Path

import pytest

from watcher.cli.check.files import appended_file, missing_database, missing_file, private_file


@pytest.mark.parametrize(("mode", "level"), [(0o600, None), (0o400, None), (0o640, "warning"), (0o604, "warning")])
def test_a_database_that_others_can_read_is_warned_of(tmp_path: Path, mode: int, level: str | None) -> None:
    path = tmp_path / "w.db"
    path.touch()
    path.chmod(mode)
    found = [(finding.level, finding.fix) for finding in private_file("queue", path)]
    assert found == ([] if level is None else [(level, f"chmod 600 {path}*")])
    assert list(private_file("queue", tmp_path / "none")) == []


def test_a_missing_file_is_looked_at_and_not_created(tmp_path: Path) -> None:
    for look in (missing_file, missing_database, appended_file):
        found = look("queue", "new.db", tmp_path / "new.db")
        assert (found.level, found.what) == ("ok", "new.db: will be created")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["no/such", "file"])
def test_without_a_folder_to_create_it_in_a_file_has_failed(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").touch()
    for look in (missing_file, missing_database, appended_file):
        found = look("queue", "shown", tmp_path / folder / "new.db")
        assert (found.level, found.what) == ("failed", f"shown: no folder {tmp_path / folder}")
        assert found.fix == "create it, or name another place"


def test_a_link_to_nowhere_is_judged_by_the_folder_that_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone" / "new.db")
    found = appended_file("sink", "link", tmp_path / "link")
    assert (found.level, found.what) == ("failed", f"link: no folder {tmp_path / 'gone'}")


def test_a_folder_that_can_not_be_written_in_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    found = missing_file("queue", "new.db", tmp_path / "new.db")
    assert (found.level, found.what) == ("failed", f"new.db: {tmp_path} is not writable")


def test_what_is_no_file_to_append_to_has_failed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert appended_file("sink", "shown", tmp_path).what == "shown is a folder"
    assert appended_file("sink", "shown", tmp_path / "pipe").what.startswith("shown is a pipe")
    for place in (tmp_path, tmp_path / "pipe"):
        assert appended_file("sink", "shown", place).level == "failed"


def test_a_file_that_is_there_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "there"
    path.write_text("decisions")
    assert appended_file("sink", "there", path).line.endswith("there: writable")
    assert path.read_text() == "decisions"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert appended_file("sink", "there", path).line.endswith("can't be written - fix: allow this user to write it")


def test_a_file_that_others_can_write_has_failed_for_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "there"
    path.touch()
    path.chmod(0o666)
    for user, level in ((0, "failed"), (1000, "ok")):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        found = appended_file("sink", "there", path)
        assert (found.level, found.what.startswith("there: ")) == (level, True)


def test_a_database_in_a_folder_that_others_can_write_in_has_failed_for_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o777)
    for user, level in ((0, "failed"), (1000, "ok")):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        assert missing_database("queue", "new.db", tmp_path / "new.db").level == level
