from pathlib import Path

import pytest

from watcher.cli.demo.next_steps import as_called, next_steps
from watcher.cli.demo.plan import make_plan


def test_a_demo_that_is_gone_can_be_repeated_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    head, demo, decisions, explain = next_steps(200, 1, None, "watcher").splitlines()
    assert head == "Next:"
    assert demo == "watcher demo --sessions 200 --seed 1 --keep demo"
    assert decisions == "watcher decisions --config demo/watcher.toml"
    assert max(map(len, (demo, decisions, explain))) <= 80


def test_a_folder_that_is_there_is_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("demo").mkdir()
    Path("demo-2").touch()
    assert "--keep demo-3\nwatcher decisions --config demo-3/watcher.toml\n" in next_steps(200, 1, None, "watcher")


def test_the_session_to_explain_is_an_eventful_one(tmp_path: Path) -> None:
    folder = tmp_path / "with blank"
    lines = next_steps(30, 4, folder, "watcher").splitlines()
    assert lines[1] == f"watcher decisions --config '{folder}/watcher.toml'"
    explained = lines[2].split()[2]
    (session,) = [one for one in make_plan(30, 4).sessions if one.session_id == explained]
    assert session.script is not None
    assert session.script.faults


def test_where_nothing_happens_the_first_session_is_explained(tmp_path: Path) -> None:
    assert make_plan(1, 4).sessions[0].session_id in next_steps(1, 4, tmp_path, "watcher")


def test_the_commands_call_the_program_as_it_was_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that is not activated is not on the PATH."""
    program = tmp_path / "a venv" / "watcher"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    assert as_called(str(program)) == f"'{program}'"
    assert as_called(".venv/bin/watcher") == ".venv/bin/watcher"
    monkeypatch.setenv("PATH", str(program.parent))
    assert as_called(str(program)) == "watcher"
    assert as_called("elsewhere/watcher") == "elsewhere/watcher"
    assert as_called("/x/watcher/__main__.py").endswith(" -m watcher")
