from pathlib import Path

import pytest

from watcher.cli.demo.constants import DEMO
from watcher.cli.demo.workspace import DemoError, Workspace, open_workspace


def test_nothing_of_the_users_reaches_the_daemon(tmp_path: Path) -> None:
    users = {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ENDPOINT_URL": "https://aws",
        "WATCHER_QUEUE__URL": "https://sqs",
        "https_proxy": "http://proxy",
        "HTTP_PROXY": "http://proxy",
        "HOME": "/home/user",
    }
    environment = Workspace(tmp_path).environment(users)
    assert not environment.keys() & {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "WATCHER_QUEUE__URL"}
    assert not [name for name in environment if name.lower().endswith("_proxy")]
    assert environment["AWS_ACCESS_KEY_ID"] == "demo"
    assert not Path(environment["AWS_CONFIG_FILE"]).exists()
    assert environment["HOME"] == "/home/user"


def test_the_settings_are_valid_and_scaled(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / 'with "quotes" and ümlauts')
    workspace.folder.mkdir()
    settings = workspace.furnish("http://127.0.0.1:1").settings
    assert settings.polling.session_timeout < 180 / DEMO.time_scale
    assert settings.queue.url == f"sqlite:///{workspace.folder}/watcher.db"
    assert settings.http.port == 0
    policy = settings.decision.rules("payout")
    assert policy is not None
    assert (settings.decision.threshold, policy.threshold) == (80.0, 95.0)


def test_a_temporary_folder_is_removed() -> None:
    with open_workspace(None) as workspace:
        assert workspace.folder.is_dir()
    assert not workspace.folder.exists()


def test_a_folder_to_keep_is_made_and_stays(tmp_path: Path) -> None:
    with open_workspace(tmp_path / "new" / "one") as workspace:
        (workspace.folder / "file").touch()
    assert (tmp_path / "new" / "one" / "file").exists()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(DemoError, match="is not empty: name a new folder"), open_workspace(tmp_path):
        pytest.fail("it was opened")


def test_a_new_folder_is_the_users_alone(tmp_path: Path) -> None:
    with open_workspace(tmp_path / "new") as workspace:
        assert workspace.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o702])
def test_a_folder_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(mode)
    with pytest.raises(DemoError, match="others can write to it"), open_workspace(shared):
        pytest.fail("it was opened")


def test_no_module_comes_from_the_daemons_own_folder(tmp_path: Path) -> None:
    given = f":relative:{tmp_path}:"
    paths = Workspace(tmp_path).environment({"PYTHONPATH": given})["PYTHONPATH"].split(":")
    assert paths[1:] == [str(Path.cwd() / "relative"), str(tmp_path)]
    assert all(Path(path).is_absolute() for path in paths)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(DemoError, match=r"--keep .*file.*: name a folder"),
        open_workspace(tmp_path / "file" / "below"),
    ):
        pytest.fail("it was opened")


def test_a_file_in_the_new_folder_before_it_is_looked_at_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Path.mkdir

    def mkdir(folder: Path, mode: int = 0o777, *, parents: bool = False, exist_ok: bool = False) -> None:
        make(folder, mode, parents, exist_ok)
        if folder.name == "kept":
            (folder / "planted.py").touch()

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with open_workspace(tmp_path / "kept") as place:
        assert place.folder == tmp_path / "kept"


def test_a_file_is_no_folder_to_keep(tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    with pytest.raises(DemoError, match="name a folder that you can write to"), open_workspace(tmp_path / "kept"):
        pass
