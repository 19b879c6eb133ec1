"""The click command around it all."""

import gc
from typing import Any

import pytest
from click.testing import CliRunner

from watcher.cli.get import command


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The arguments that the program got."""
    from watcher.cli.get import main as program

    found: list[Any] = []

    def run(arguments: list[str]) -> int:
        found.append((list(arguments), gc.isenabled()))
        return 255

    monkeypatch.setattr(program, "run", run)
    return found


def test_arguments_reach_the_program_as_they_were_written(taken: list[Any]) -> None:
    words = ["--session-id", "x", "--help", "--query=a b", "--", "-x", "", "help"]
    result = CliRunner().invoke(command, words)
    assert taken[0][0] == words
    assert result.exit_code == 255


def test_the_collector_rests_during_the_run_only(taken: list[Any]) -> None:
    CliRunner().invoke(command, [])
    assert taken[0][1] is False
    assert gc.isenabled()
    gc.unfreeze()


def test_the_command_alone_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    code = "import sys, watcher.cli.get; print([m for m in ('botocore', 'boto3', 'pydantic', 'rich', 'structlog') "
    code += "if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
