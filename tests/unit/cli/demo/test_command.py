import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from watcher.cli.demo import command
from watcher.cli.demo import runner as show
from watcher.cli.demo.workspace import DemoError


def play(monkeypatch: pytest.MonkeyPatch, ending: bool | DemoError, *arguments: str) -> tuple[int, str, str]:
    """The command, with a demo that ends like this without being played."""

    def run_demo(_sessions: int, _seed: int, _keep: Path | None) -> bool:
        if isinstance(ending, DemoError):
            raise ending
        return ending

    monkeypatch.setattr(show, "run_demo", run_demo)
    monkeypatch.setattr(sys, "argv", ["watcher"])  # a test's own differs: a worker of pytest-xdist has "-c"
    result = CliRunner().invoke(command, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_all_as_scripted_is_exit_code_0(monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = play(monkeypatch, True)
    assert (code, out) == (0, "")
    assert err.splitlines()[2].endswith("watcher demo --sessions 200 --seed 1 --keep demo")


def test_a_difference_is_exit_code_1_and_how_to_look_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = play(monkeypatch, False, "--sessions", "9")
    assert code == 1
    assert err.splitlines()[2].endswith("watcher demo --sessions 9 --seed 1 --keep demo")


def test_a_demo_that_cannot_go_on_is_exit_code_1_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = play(monkeypatch, DemoError("the daemon ended with exit code 3"))
    assert (code, err) == (1, "Error: the daemon ended with exit code 3\n")


@pytest.mark.parametrize("number", ["0", "-1", "many", "20001"])
def test_a_number_of_sessions_that_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    code, _, err = play(monkeypatch, True, "--sessions", number)
    assert code == 2
    assert "--sessions" in err
