"""The queue that `--hints` names; one on SQS: `tests/acceptance/test_simulate_hints.py`."""

from contextlib import closing
from pathlib import Path
from threading import Event

import click
import pytest

from watcher.cli.hint_queue import open_hint_queue


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder without settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WATCHER_CONFIG", raising=False)


@pytest.mark.parametrize("name", ["own.db", "./own.db", "sqlite:///own.db"])
def test_a_file_is_named_by_its_path_or_its_url(name: str) -> None:
    with closing(open_hint_queue(name)) as queue:
        queue.send(["a hint"])
        assert [message.body for message in queue.receive(10, 0.0, Event())] == ["a hint"]
    assert Path("own.db").exists()


def test_the_settings_file_gives_neither_another_queue_nor_dead_letters() -> None:
    Path("watcher.toml").write_text('[queue]\nurl = "sqlite:///a.db"\ndead_letter_url = "sqlite:///b.db"\n')
    open_hint_queue("own.db").close()
    assert {path.name for path in Path().iterdir() if path.suffix == ".db"} == {"own.db"}


def test_a_name_that_is_no_queue_ends_the_command_with_78(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        open_hint_queue("bogus://q")
    assert caught.value.code == 78
    assert capsys.readouterr().err.startswith(
        'watcher: queue.url = "bogus://q" is not a queue URL (from --hints): give sqlite:///FILE'
    )


def test_a_fault_in_the_settings_file_ends_the_command_with_78(capsys: pytest.CaptureFixture[str]) -> None:
    Path("watcher.toml").write_text("[http]\nport = -1\n")
    with pytest.raises(SystemExit) as caught:
        open_hint_queue("own.db")
    assert caught.value.code == 78
    assert capsys.readouterr().err.startswith("watcher: http.port = -1")


def test_a_queue_that_can_not_be_opened_ends_the_command_with_1() -> None:
    Path("own.db").write_text("something else " * 100)
    with pytest.raises(click.ClickException, match="not an SQLite database") as caught:
        open_hint_queue("own.db")
    assert caught.value.exit_code == 1
