"""`watcher help` shows what `--help` shows."""

import pytest
from click.testing import CliRunner, Result

from watcher.cli import cli
from watcher.cli.commands import COMMANDS


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, prog_name="watcher", terminal_width=80)


@pytest.mark.parametrize(
    "names", [(), *((name,) for name in COMMANDS), ("dead", "replay"), ("secret", "new")], ids=str
)
def test_help_shows_what_the_option_shows(names: tuple[str, ...]) -> None:
    asked = run("help", *names)
    assert (asked.exit_code, asked.stderr) == (0, "")
    assert asked.output == run(*names, "--help").output


def test_the_usage_line_has_the_whole_name() -> None:
    assert run("help", "dead", "replay").output.startswith("Usage: watcher dead replay ")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["expalin"], "No such command 'expalin'. Did you mean 'explain'?"),
        (["dead", "xyzzy"], "No such command 'dead xyzzy'. 'watcher help dead' lists them."),
        (["dead", "lst"], "No such command 'dead lst'. Did you mean 'dead list'?"),
        (["run", "all"], "No such command 'run all'. 'watcher help run' lists them."),
    ],
)
def test_help_of_an_unknown_command_names_the_nearest(names: list[str], words: str) -> None:
    asked = run("help", *names)
    assert asked.exit_code == 2
    assert words in asked.output
